"Every page runs as nbdev's own test runs it, one test a page"
import os, subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from project import ROOT, cells, command, directives, exporting, ped2_is_here

def names(paths): return [path.stem for path in paths]

def uses_data(path): return any('data' in directives(cell['source']) for cell in cells(path) if cell['cell_type'] == 'code')

CORES = os.cpu_count() or 1
AT_ONCE = min(CORES, 4) # a page spends half its time on imports, which know one core only

def nbdev_test(path):
    "Run nbdev_test on one page; cells marked `data` run where Ped2 is"
    flags = ['--flags', 'data'] if ped2_is_here() else []
    return subprocess.run([command('nbdev_test'), '--path', path.relative_to(ROOT).as_posix(), '--n_workers', '0', *flags],
        cwd=ROOT, env={**os.environ, 'OMP_NUM_THREADS':str(max(1, CORES//AT_ONCE))}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding='utf8', errors='replace')

@pytest.fixture(scope='session')
def outcomes(request):
    "The pages that are asked for, running side by side; later ones, which are heavier, start first"
    wanted = {item.callspec.params['path'] for item in request.session.items if 'outcomes' in item.fixturenames}
    pool = ThreadPoolExecutor(AT_ONCE)
    yield {path:pool.submit(nbdev_test, path) for path in sorted(wanted, reverse=True)}
    pool.shutdown(cancel_futures=True)

def check(done): assert done.returncode == 0 and 'Success.' in done.stdout, done.stdout[-8000:]

@pytest.mark.parametrize('path', exporting(), ids=names(exporting()))
def test_page(path, outcomes): check(outcomes[path].result())

with_data = [path for path in exporting() if uses_data(path)]

@pytest.mark.parametrize('path', with_data, ids=names(with_data))
def test_cells_on_real_data(path, outcomes):
    if not ped2_is_here(): pytest.skip('cells marked `data` did not run: AED_DATA has no UCSDped2')
    check(outcomes[path].result())
