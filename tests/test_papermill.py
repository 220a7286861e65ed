"`papermill nbs/NAME.ipynb -p ...` without an output path, run as people run it"
import base64, os, subprocess, sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from project import command

SAID = 'papermill: no output path given; writing '
SOURCE = "import sys\nprint('ran with', dataset, epochs)"
ENVIRONMENT = {name:value for name, value in os.environ.items() if name != 'AED_HOME'}

def write_notebook(path, source=SOURCE):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [new_code_cell("dataset = 'synthetic' # which data\nepochs = 1", metadata={'tags':['parameters']}), new_code_cell(source)]
    nbformat.write(new_notebook(cells=cells, metadata=dict(kernelspec=dict(name='python3', display_name='python3', language='python'))), path)
    return path

@pytest.fixture
def project(tmp_path):
    "A checkout with one run notebook"
    (tmp_path/'settings.ini').write_text('[DEFAULT]\nlib_name = aed_nb\n')
    write_notebook(tmp_path/'nbs/train.ipynb')
    return tmp_path

def run(folder, *words, start=None, **given):
    "Run papermill; `given` is its standard input"
    return subprocess.run([*(start or [command('papermill')]), *words], cwd=folder, env=ENVIRONMENT, text=True, encoding='utf8',
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **given)

def printed(path):
    "What the notebook printed"
    return ''.join(output.get('text', '') for cell in nbformat.read(path, 4).cells for output in cell.get('outputs', []))

def in_terminal(folder, *words):
    "Run papermill in a terminal of its own; its exit code and all that the terminal showed"
    pty = pytest.importorskip('pty', reason='no terminals of this kind here')
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.execve(command('papermill'), ['papermill', *words], ENVIRONMENT)
    shown = b''
    while True:
        try: block = os.read(terminal, 4096)
        except OSError: break
        if not block: break
        shown += block
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode(errors='replace')

@pytest.mark.parametrize('kind', ['terminal', 'null', 'empty pipe', 'pipe with a notebook'])
def test_no_output_path(project, kind):
    source, output = project/'nbs/train.ipynb', project/'data/runs/train-avenue.ipynb'
    before, words = source.read_bytes(), ('nbs/train.ipynb', '-p', 'dataset', 'avenue')
    if kind == 'terminal': code, shown = in_terminal(project, *words)
    else:
        given = {'null':dict(stdin=subprocess.DEVNULL), 'empty pipe':dict(input=''), 'pipe with a notebook':dict(input=before.decode())}[kind]
        done = run(project, *words, **given)
        code, shown = done.returncode, done.stderr
        assert done.stdout == ''
    assert code == 0, shown
    assert f"{SAID}{os.path.join('data', 'runs', 'train-avenue.ipynb')}" in shown.replace('\r', '').splitlines(), shown
    assert printed(output) == 'ran with avenue 1\n'
    assert source.read_bytes() == before
    assert sorted(path.name for path in (project/'nbs').iterdir()) == ['train.ipynb']

def test_every_form_of_parameters(project):
    (project/'more.yaml').write_text('epochs: 5\n')
    encoded = base64.b64encode(b'epochs: 4').decode()
    forms = {'train-ped2.ipynb':(('-r', 'dataset', 'ped2'), 'ped2 1'), 'train-epochs=3.ipynb':(('-y', 'epochs: 3'), 'synthetic 3'),
        'train-epochs=4.ipynb':(('-b', encoded), 'synthetic 4'), 'train-more.ipynb':(('-f', 'more.yaml'), 'synthetic 5'),
        'train.ipynb':((), 'synthetic 1')}
    for name, (words, wanted) in forms.items():
        done = run(project, 'nbs/train.ipynb', *words, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        assert printed(project/'data/runs'/name) == f'ran with {wanted}\n'

def test_output_path_is_kept_and_its_folder_made(project):
    done = run(project, 'nbs/train.ipynb', 'new/place/out.ipynb', '-p', 'epochs', '2', stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and SAID not in done.stderr, done.stderr
    assert printed(project/'new/place/out.ipynb') == 'ran with synthetic 2\n'
    assert not (project/'data').exists()

def test_as_a_module_and_from_another_folder(project):
    folder = project/'elsewhere'
    folder.mkdir()
    done = run(folder, '../nbs/train.ipynb', '--prepare-only', start=[sys.executable, '-m', 'papermill'], input='')
    assert done.returncode == 0 and SAID in done.stderr, done.stderr
    assert (project/'data/runs/train.ipynb').is_file()

def test_home_elsewhere(project, tmp_path_factory, monkeypatch):
    home = tmp_path_factory.mktemp('home')
    monkeypatch.setitem(ENVIRONMENT, 'AED_HOME', str(home))
    done = run(project, 'nbs/train.ipynb', '--prepare-only', input='')
    assert done.returncode == 0 and f"{SAID}{home/'runs'/'train.ipynb'}" in done.stderr, done.stderr
    assert (home/'runs/train.ipynb').is_file()

def test_failing_notebook_fails(project):
    write_notebook(project/'nbs/train.ipynb', "raise ValueError('no such data')")
    done = run(project, 'nbs/train.ipynb', input='')
    assert done.returncode != 0 and 'no such data' in done.stderr

def test_help_and_explicit_standard_output(project):
    done = run(project, '--help-notebook', 'nbs/train.ipynb', stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and 'dataset' in done.stdout
    done = run(project, 'nbs/train.ipynb', '-', '--prepare-only', stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and nbformat.reads(done.stdout, 4).cells
    assert SAID not in done.stderr and not (project/'data').exists()

def test_notebooks_of_others_are_left_alone(tmp_path):
    notebook = write_notebook(tmp_path/'nbs/train.ipynb')
    content = notebook.read_text(encoding='utf8')
    code, shown = in_terminal(tmp_path, 'nbs/train.ipynb')
    assert code == 2 and 'OUTPUT_PATH' in shown
    done = run(tmp_path, 'nbs/train.ipynb', '--prepare-only', stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and SAID not in done.stderr
    assert nbformat.reads(done.stdout, 4).cells
    done = run(tmp_path, 'out.ipynb', '--prepare-only', input=content)
    assert done.returncode == 0 and (tmp_path/'out.ipynb').is_file()
    done = run(tmp_path, 'nbs/train.ipynb', 'missing/out.ipynb', '--prepare-only', stdin=subprocess.DEVNULL)
    assert done.returncode != 0 and not (tmp_path/'missing').exists()
    assert notebook.read_text(encoding='utf8') == content

def test_a_result_can_be_replaced_through_a_pipe(project):
    content = (project/'nbs/train.ipynb').read_text(encoding='utf8')
    for epochs in '12':
        done = run(project, 'data/runs/out.ipynb', '-p', 'epochs', epochs, input=content) if epochs == '2' else \
            run(project, 'nbs/train.ipynb', 'data/runs/out.ipynb', '-p', 'epochs', epochs, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        assert printed(project/'data/runs/out.ipynb') == f'ran with synthetic {epochs}\n'

def test_library_use_is_untouched():
    program = "import click; before = click.Command.make_context; import papermill, papermill.cli; assert click.Command.make_context is before"
    subprocess.run([sys.executable, '-c', program], check=True)
