"The run notebooks under papermill: parameters arrive, wrong ones stop at once, a run can be taken up and evaluated again"
import json, os, re, subprocess, sys

import nbformat
import pytest

from project import ROOT

SMALL = dict(epochs=1, epoch_objects=64, valid_objects=32, batch_size=32, seed=3)

def papermill(notebook, out, home, **parameters):
    "Run a notebook as a user does; its output, and the executed notebook where there is one"
    given = [str(word) for name,value in parameters.items() for word in ('-p', name, value)]
    done = subprocess.run([sys.executable, '-m', 'papermill', f'nbs/{notebook}.ipynb', str(out), *given], cwd=ROOT, stdin=subprocess.DEVNULL,
        env={**os.environ, 'AED_HOME':str(home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding='utf8', errors='replace')
    return done

def errors(path):
    "Messages of the cells that failed"
    return [output.evalue for cell in nbformat.read(path, 4).cells for output in cell.get('outputs', []) if output.output_type == 'error']

def text_of(path):
    "Everything that the cells of an executed notebook printed"
    return ''.join(output.get('text', '') for cell in nbformat.read(path, 4).cells for output in cell.get('outputs', []))

@pytest.fixture(scope='module')
def home(tmp_path_factory): return tmp_path_factory.mktemp('home')

@pytest.fixture(scope='module')
def trained(home):
    "A small run of all four tasks"
    done = papermill('train', home/'train.ipynb', home, run_name='small', **SMALL)
    assert done.returncode == 0, done.stdout[-6000:]
    return home/'runs'/'small'

def test_parameters_arrive(trained):
    settings = json.loads((trained/'record.json').read_text())['settings']
    assert {name:settings[name] for name in SMALL} == SMALL
    assert settings['tasks'] == ['arrow', 'irregularity', 'middle', 'distil']

def test_everything_of_a_run_is_kept(trained):
    kept = {path.name for path in trained.iterdir() if path.name[0] != '.'}
    assert kept >= {'record.json', 'history.json', 'model.safetensors', 'scores', 'normal', 'metrics.json', 'curves.json', 'curves.png', 'roc.png'}
    assert len(json.loads((trained/'history.json').read_text())) == SMALL['epochs']

def results(folder):
    "Metrics by protocol and join"
    return {(row['protocol'], row['join']):row for row in json.loads((folder/'metrics.json').read_text())['results']}

def test_a_constant_gets_one_half_under_clean(trained):
    found = results(trained)
    assert found['clean','constant']['micro'] == pytest.approx(0.5, abs=1e-9)
    assert found['clean','constant']['macro_skip'] == pytest.approx(0.5, abs=1e-9)
    assert set(join for _,join in found) == {'mean', 'calibrated', 'aed_nb', 'arrow', 'irregularity', 'middle', 'distil', 'constant'}

def test_curves_are_as_long_as_clips(trained):
    from aed_nb.datasets import get_dataset
    curves = json.loads((trained/'curves.json').read_text())['clean/calibrated']
    assert {name:len(curve) for name,curve in curves.items()} == {clip.name:len(clip) for clip in get_dataset('synthetic').test}

def test_evaluate_gives_the_same_numbers_from_kept_scores_and_from_weights(trained, home):
    before = results(trained)
    for rescore in (False, True):
        if not rescore: (trained/'metrics.json').unlink()
        done = papermill('evaluate', home/'evaluate.ipynb', home, run='small', rescore=rescore)
        assert done.returncode == 0, done.stdout[-6000:]
        for key,row in results(trained).items():
            for name in ('micro', 'macro_padded', 'rbdc', 'tbdc'): assert row[name] == pytest.approx(before[key][name], abs=1e-3), (rescore, key, name)
    assert float(re.search(r'numbers that were kept: ([\d.]+)', text_of(home/'evaluate.ipynb'))[1]) < 1e-3

def test_a_finished_run_started_again_trains_nothing(trained, home):
    weights = (trained/'model.safetensors').read_bytes()
    done = papermill('train', home/'again.ipynb', home, run_name='small', **SMALL)
    assert done.returncode == 0, done.stdout[-6000:]
    assert 'nothing to train' in text_of(home/'again.ipynb')
    assert (trained/'model.safetensors').read_bytes() == weights

@pytest.mark.parametrize('name, value, message', [
    ('epoch', 3, 'no such parameter: epoch; this notebook declares dataset, profile'),
    ('fresh', 'no', "fresh='no': allowed are True, False"),
    ('variant', 'deep', 'allowed are shallow_narrow, shallow_wide, deep_narrow, deep_wide'),
    ('tasks', 'arrow,midle', 'choose at least one of arrow, irregularity, middle, distil'),
    ('dataset', 'nowhere', 'nowhere')])
def test_wrong_parameters_stop_at_once(name, value, message, home):
    out = home/'wrong.ipynb'
    assert papermill('train', out, home, **{name:value}).returncode != 0
    assert any(message in error for error in errors(out)), errors(out)
    finished = sum(bool(cell.outputs) for cell in nbformat.read(out, 4).cells if cell.cell_type == 'code')
    assert finished <= 5
