"Metrics against plain loops on thousands of random cases, and the command on files"
import json, os, subprocess, sys

import numpy as np
import pytest

from aed_nb.metrics import pixel_auc, rbdc_tbdc, read_detections, read_street_scene, read_tracks, write_detections, write_street_scene, write_tracks
from aed_nb.score_files import aed_metrics, evaluate_files
from project import ROOT, settings

# RBDC and TBDC, written again from the definition and without numpy

def plain_overlap(box, other):
    width, height = min(box[2], other[2])-max(box[0], other[0])+1, min(box[3], other[3])-max(box[1], other[1])+1
    shared = max(width, 0)*max(height, 0)
    return shared/((box[2]-box[0]+1)*(box[3]-box[1]+1) + (other[2]-other[0]+1)*(other[3]-other[1]+1) - shared)

def plain_numbers(tracks, detections, n_frames, ties):
    "RBDC and TBDC by two loops: every prediction against every region of its frame"
    regions = [(clip, row[0], row[1], row[2:]) for clip, rows in enumerate(tracks) for row in rows.tolist()]
    size = {}
    for clip, track, _, _ in regions: size[clip, track] = size.get((clip, track), 0)+1
    in_frame = {}
    for place, (clip, _, frame, _) in enumerate(regions): in_frame.setdefault((clip, frame), []).append(place)
    predicted = [(clip, row) for clip, rows in enumerate(detections) for row in rows.tolist()]
    predicted.sort(key=lambda item: -item[1][5])
    found, hits, false, points = set(), {}, 0, [(0., 0., 0.)]
    for place, (clip, row) in enumerate(predicted):
        matches = [region for region in in_frame.get((clip, row[0]), []) if plain_overlap(regions[region][3], row[1:5]) >= 0.1]
        false += not matches
        for region in set(matches)-found:
            found.add(region)
            track = regions[region][:2]
            hits[track] = hits.get(track, 0)+1
        last = place+1 == len(predicted) or predicted[place+1][1][5] != row[5]
        if ties == 'file' or last:
            points.append((false/n_frames, len(found)/len(regions), sum(hits.get(track, 0)/size[track] >= 0.1 for track in size)/len(size)))
    points = [point for point in points if point[0] <= 1]
    points.append((1., *points[-1][1:]))
    return [sum((b[0]-a[0])*(a[axis]+b[axis])/2 for a, b in zip(points, points[1:])) for axis in (1, 2)]

def boxes(random, count, size):
    "Boxes in a field of 14 x 14 pixels, some of them with fractions"
    corner = random.integers(0, 10, (count, 2)) + random.integers(0, 2, (count, 2))/2
    return np.column_stack([corner, corner+random.integers(0, size, (count, 2))])

def random_case(random):
    "Tracks, detections and lengths of one to four clips"
    lengths, tracks, detections = random.integers(1, 8, random.integers(1, 5)), [], []
    for place, length in enumerate(lengths):
        n_true, n_found = random.choice([place == 0, 1, 3, 8, 25]), random.choice([0, 1, 4, 12])
        scores = random.integers(0, random.choice([1, 2, 5, 50]), n_found)/3 - 2
        if n_found and random.random() < 0.05: scores[0] = random.choice([np.inf, -np.inf])
        tracks.append(np.column_stack([random.choice([0, 3, 4, 9, 40], n_true), random.integers(0, length, n_true), boxes(random, n_true, 4)]))
        detections.append(np.column_stack([random.integers(0, length, n_found), boxes(random, n_found, 11), scores]))
    return tracks, detections, lengths

def kinds(tracks, detections, lengths):
    "What is special about a case"
    scores = np.concatenate(detections)[:, 5]
    crowds = [np.unique(rows[:, 1], return_counts=True)[1].max(initial=0) for rows in tracks]
    per_detection = [sum(plain_overlap(region[2:], row[1:5]) >= 0.1 for region in rows.tolist() if region[1] == row[0])
        for rows, found in zip(tracks, detections) for row in found.tolist()]
    return dict(ties=len(set(scores)) < len(scores), clip_without_truth=min(map(len, tracks)) == 0, clip_without_prediction=min(map(len, detections)) == 0,
        one_row=1 in map(len, tracks), no_prediction_at_all=not len(scores), gaps_in_ids=any(len(rows) and np.unique(rows[:, 0]).max() >= len(np.unique(rows[:, 0])) for rows in tracks),
        several_in_a_frame=max(crowds) > 1, covers_several=max(per_detection, default=0) > 1, infinite=bool(np.isinf(scores).any()),
        beyond_one_a_frame=per_detection.count(0) > sum(lengths), one_clip=len(lengths) == 1)

def test_three_thousand_random_cases():
    random, seen = np.random.default_rng(2020), {}
    for _ in range(3000):
        case = random_case(random)
        for ties in ('grouped', 'file'):
            result = rbdc_tbdc(*case, ties=ties)
            np.testing.assert_allclose([result.rbdc, result.tbdc], plain_numbers(*case[:2], int(sum(case[2])), ties), rtol=0, atol=1e-12)
        for name, true in kinds(*case).items(): seen[name] = seen.get(name, 0)+bool(true)
    assert min(seen.values()) >= 30, seen

def test_rows_in_any_order_give_the_same_when_ties_are_grouped():
    random = np.random.default_rng(1)
    for _ in range(200):
        tracks, detections, lengths = random_case(random)
        result = rbdc_tbdc(tracks, detections, lengths)
        again = rbdc_tbdc([random.permutation(rows) for rows in tracks], [random.permutation(rows) for rows in detections], lengths)
        assert (result.rbdc, result.tbdc) == (again.rbdc, again.tbdc)

@pytest.mark.parametrize('ties', ['grouped', 'file'])
def test_perfect_is_one_and_hopeless_is_zero(ties):
    random = np.random.default_rng(3)
    for _ in range(100):
        tracks, _, lengths = random_case(random)
        perfect = [np.column_stack([rows[:, 1:], random.random(len(rows))]) for rows in tracks]
        elsewhere = [rows + [0, 100, 100, 100, 100, 0] for rows in perfect]
        nothing = [rows[:0] for rows in perfect]
        results = [rbdc_tbdc(tracks, rows, lengths, ties=ties) for rows in (perfect, elsewhere, nothing)]
        assert [round(result.rbdc, 12) for result in results] == [1, 0, 0] and [round(result.tbdc, 12) for result in results] == [1, 0, 0]

def test_curves_belong_to_their_areas():
    random = np.random.default_rng(4)
    for _ in range(100):
        result = rbdc_tbdc(*random_case(random))
        for rate, area in ((result.rbdr, result.rbdc), (result.tbdr, result.tbdc)):
            assert result.fpr[0] == 0 and result.fpr[-1] == 1 and (np.diff(result.fpr) >= 0).all() and (np.diff(rate) >= 0).all()
            assert abs(np.sum(np.diff(result.fpr)*(rate[1:]+rate[:-1])/2)-area) < 1e-12

def test_pixels_against_loops():
    random = np.random.default_rng(5)
    for _ in range(100):
        maps, masks = random.integers(-2, 5, (5, 3, 3))/4, random.random((5, 3, 3)) < 0.4
        masks[0], masks[1, 0, 0] = False, True
        normal, abnormal = maps[~masks], maps[masks]
        plain = np.mean([(one > other) + 0.5*(one == other) for one in abnormal for other in normal])
        assert abs(pixel_auc([maps[:2], maps[2:]], [masks[:2], masks[2:]], 'pixels').auc-plain) < 1e-12

# files

def test_region_files_come_back(tmp_path):
    random = np.random.default_rng(6)
    for number in range(50):
        tracks, detections, _ = random_case(random)
        for rows, found in zip(tracks, detections):
            found[:, 5] = random.normal(size=len(found))*10.**random.integers(-300, 300)
            assert np.array_equal(read_tracks(write_tracks(tmp_path/'a.txt', rows)), rows)
            assert np.array_equal(read_detections(write_detections(tmp_path/'b.txt', found)), found)
            assert np.array_equal(read_street_scene(write_street_scene(tmp_path/'c.txt', rows)), rows)

@pytest.fixture
def files(tmp_path):
    "Scores, labels, tracks and regions of six clips, one of them abnormal throughout, and their values"
    random = np.random.default_rng(7)
    labels = {f'{scene:02}_{clip:04}':(random.random(40) < 0.4).astype(int) for scene in (1, 2) for clip in (9, 10, 11)}
    labels['02_0011'][:] = 1
    scores = {name:known+random.normal(0, 1, 40) for name, known in labels.items()}
    for folder in ('labels', 'scores'): (tmp_path/folder).mkdir()
    for name in labels:
        np.save(tmp_path/f'labels/{name}.npy', labels[name])
        np.save(tmp_path/f'scores/{name}.npy', scores[name])
        rows = np.column_stack([np.zeros(40), np.arange(40), boxes(random, 40, 4)])[labels[name] == 1]
        write_tracks(tmp_path/f'tracks/{name}.txt', rows)
        write_detections(tmp_path/f'regions/{name}.txt', np.column_stack([rows[:, 1:], scores[name][labels[name] == 1]]))
    np.savez(tmp_path/'noisier.npz', **{name:values+random.normal(0, 2, 40) for name, values in scores.items()})
    return tmp_path, scores, labels

def run(folder, *words):
    "The command as pip installs it"
    program = folder/'aed_metrics.py'
    module, name = settings()['console_scripts'].split('aed_metrics=')[1].split()[0].split(':')
    program.write_text(f'from {module} import {name}\n{name}()\n')
    done = subprocess.run([sys.executable, str(program), *map(str, words)], cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr

def test_command_prints_and_writes(files):
    folder, scores, labels = files
    code, text, _ = run(folder, folder/'scores', folder/'labels', '--tracks', folder/'tracks', '--regions', folder/'regions', '--compare', folder/'noisier.npz',
        '--n_resamples', 50, '--scenes', '--out', folder/'out.json')
    assert code == 0
    for word in ('micro', 'macro, skip', 'average precision', 'RBDC', 'constant', 'noise', 'ahead in', '6 clips, 1 of them with one class (02_0011)', '\n01 ', '\n02 '): assert word in text, text
    report = json.loads((folder/'out.json').read_text())
    assert report['numbers']['rbdc'] == report['numbers']['tbdc'] == 1
    assert report['constant']['micro'] == report['constant']['macro_skip'] == 0.5
    assert report['one_class'] == ['02_0011'] and set(report['scenes']) == {'01', '02'}
    assert all(item['low'] <= item['value'] <= item['high'] for item in report['intervals'].values())
    one, known = np.concatenate(list(scores.values())), np.concatenate(list(labels.values()))
    wins = np.mean([(a > b) + 0.5*(a == b) for a in one[known == 1] for b in one[known == 0]])
    assert abs(report['numbers']['micro']-wins) < 1e-12

@pytest.mark.parametrize('form', ['npz', 'json', 'csv', 'txt', 'npy', 'folder of txt', 'folder of csv'])
def test_every_form_gives_the_same(files, form):
    folder, scores, _ = files
    path = folder/f'all.{form}' if ' ' not in form else folder/form
    if form == 'npz': np.savez(path, **scores)
    if form == 'json': path.write_text(json.dumps({name:values.tolist() for name, values in reversed(scores.items())}))
    if form == 'csv': path.write_text('frame,clip,score\n'+''.join(f'{frame},{name},{value!r}\n' for name, values in scores.items() for frame, value in reversed(list(enumerate(values.tolist())))))
    if form == 'txt': path.write_text(' '.join(map(repr, np.concatenate(list(scores.values())).tolist())).replace(' ', '\n'))
    if form == 'npy': np.save(path, np.concatenate(list(scores.values())).astype(np.float64)[:, None])
    if ' ' in form:
        path.mkdir()
        for name, values in scores.items(): (path/f'{name}.{form[-3:]}').write_text('score\n'+''.join(f'{value!r}\n' for value in values.tolist()))
    wanted = evaluate_files(folder/'scores', folder/'labels', n_resamples=0)
    assert evaluate_files(path, folder/'labels', n_resamples=0)['numbers'] == wanted['numbers']

def mistakes(folder, scores, labels):
    "Words for the command, and what it must answer"
    first = next(iter(scores))
    np.savez(folder/'short.npz', **{**scores, first:scores[first][4:]})
    np.savez(folder/'long.npz', **{**scores, first:np.zeros(200)})
    np.savez(folder/'fewer.npz', **{name:values for name, values in scores.items() if name != first})
    np.savez(folder/'nan.npz', **{**scores, first:np.where(np.arange(40) == 5, np.nan, 1.)})
    np.save(folder/'joined.npy', np.zeros(239))
    (folder/'broken.npz').write_bytes(b'PK but no more')
    yield ('short.npz', 'labels'), (first, '36 scores but 40 labels', '--drop_first 4')
    yield ('long.npz', 'labels'), (first, '200 scores but 40 labels', 'same clip and frame rate')
    yield ('fewer.npz', 'labels'), ('labels have 1 clip(s) that scores lack', first, 'rename or add files')
    yield ('nan.npz', 'labels'), (first, '1 scores are NaN, the first at frame 5')
    yield ('joined.npy', 'labels'), ('239 numbers', '6 clips have 240 frames')
    yield ('broken.npz', 'labels'), ('broken.npz: cannot be read',)
    yield ('nowhere', 'labels'), ('no such file or folder',)
    yield ('scores', 'scores'), ('expected 0 and 1',)
    yield ('scores', 'labels', '--protocol', 'paper'), ("protocol='paper'", 'raw')
    yield ('scores', 'labels', '--protocol', 'clean'), ('--fps',)
    yield ('scores', 'labels', '--regions', 'regions'), ('--regions needs --tracks',)
    yield ('scores', 'labels', '--tracks', 'tracks'), ('--tracks needs --regions',)
    yield ('scores', 'labels', '--tracks', 'tracks', '--regions', 'labels'), ('regions lack 6 clip(s)', first, 'empty file')

def test_mistakes_end_with_one_and_say_what_to_do(files, capsys):
    folder, scores, labels = files
    for words, answers in mistakes(folder, scores, labels):
        options = dict(zip([word[2:] for word in words[2::2]], words[3::2]))
        paths = {name:value if name == 'protocol' else str(folder/value) for name, value in options.items()}
        with pytest.raises(SystemExit) as stopped: aed_metrics(str(folder/words[0]), str(folder/words[1]), **paths)
        message = capsys.readouterr().err
        assert stopped.value.code == 1 and message.startswith('aed_metrics: ') and message.count('\n') == 1
        for answer in answers: assert answer in message, (words, message)
    assert run(folder, folder/'short.npz', folder/'labels')[0] == 1

def test_dropped_frames_are_left_out_on_both_sides(files):
    folder, scores, labels = files
    np.savez(folder/'short.npz', **{name:values[4:] for name, values in scores.items()})
    whole, short = (evaluate_files(path, folder/'labels', drop_first=4, n_resamples=0) for path in (folder/'scores', folder/'short.npz'))
    assert whole['numbers'] == short['numbers'] and whole['n_frames'] == 6*36

def test_light_pages_import_no_network_library():
    modules = 'aed_nb.metrics, aed_nb.uncertainty, aed_nb.smoothing, aed_nb.protocols, aed_nb.score_files'
    program = f'import sys, {modules}; print(sorted({{"torch", "torchvision", "fastai", "cv2", "matplotlib", "pandas", "scipy"}} & set(sys.modules)))'
    done = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == '[]', done.stdout+done.stderr

# the run notebook

def executed(out, home, **parameters):
    "Run `protocols` as a user does who has no data; what it printed"
    given = [str(word) for name, value in parameters.items() for word in ('-p', name, value)]
    done = subprocess.run([sys.executable, '-m', 'papermill', 'nbs/protocols.ipynb', str(out), *given], cwd=ROOT, stdin=subprocess.DEVNULL,
        env={**os.environ, 'AED_HOME':str(home), 'AED_DATA':str(home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding='utf8', errors='replace')
    assert done.returncode == 0, done.stdout[-6000:]
    return ''.join(''.join(output.get('text', '')) for cell in json.loads(out.read_text())['cells'] for output in cell.get('outputs', []))

def test_protocols_run_without_any_data(tmp_path):
    text = executed(tmp_path/'out.ipynb', tmp_path)
    assert 'Going on with made-up scores' in text and 'made-up scores: 8 clips, 800 frames' in text

def test_protocols_take_score_files(files):
    folder = files[0]
    text = executed(folder/'out.ipynb', folder, scores=folder/'scores', labels=folder/'labels', fps=10)
    assert '6 clips, 240 frames' in text and 'from the same scores' in text
