"What has to hold for the checkout as a whole, and no single page can see"
import ast, json, re, shutil, subprocess, sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setuptools import find_packages

import aed_nb
from api_docs import missing_docs
from project import ROOT, RUN_NOTEBOOKS, cells, command, exporting, module_file, module_of, notebooks, parsed, settings
from readme import render

LIBRARY = settings()['lib_name']
TEST_COMMAND = 'pip install -c constraints.txt -e ".[dev]" && pytest'

def names(paths): return [path.stem for path in paths]

def existing(path):
    "The path, or a skipped test that says what is missing"
    if not path.exists(): pytest.skip(f'{path.relative_to(ROOT).as_posix()} is not written yet')
    return path

def project_files():
    "Files that git has or would take; without git, those of the folders that belong to the project"
    listed = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0: return [path for path in map(ROOT.joinpath, listed.stdout.splitlines()) if path.is_file()]
    return [path for folder in ('nbs', 'aed_nb', 'tests') for path in (ROOT/folder).rglob('*') if path.is_file() and '__pycache__' not in path.parts]

# clean and export

def content(root):
    "Bytes of every notebook and module"
    paths = sorted([*(root/'nbs').rglob('*.ipynb'), *(root/LIBRARY).rglob('*.py')])
    return {path.relative_to(root).as_posix():path.read_bytes() for path in paths if '.ipynb_checkpoints' not in path.parts}

@pytest.fixture(scope='module')
def copied(tmp_path_factory):
    "A copy of the checkout after nbdev_clean and nbdev_export, with its content before"
    folder = tmp_path_factory.mktemp('copy')
    for name in ('settings.ini', 'setup.py', 'pyproject.toml'): shutil.copy(ROOT/name, folder/name)
    for name in ('nbs', LIBRARY): shutil.copytree(ROOT/name, folder/name, ignore=shutil.ignore_patterns('__pycache__', '.ipynb_checkpoints'))
    before = content(folder)
    for name in ('nbdev_clean', 'nbdev_export'):
        done = subprocess.run([command(name)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0 and 'Failed' not in done.stderr, done.stderr
    return folder, before

def test_clean_and_export_change_nothing(copied):
    folder, before = copied
    after = content(folder)
    assert sorted(after) == sorted(before)
    changed = [name for name in after if after[name] != before[name]]
    assert not changed, f"run nbdev_clean and nbdev_export; they change {', '.join(changed)}"

def test_every_module_is_exported():
    found = {path.relative_to(ROOT).as_posix() for path in (ROOT/LIBRARY).rglob('*.py')} - {f'{LIBRARY}/_modidx.py'}
    exported = {module_file(path).relative_to(ROOT).as_posix() for path in exporting()}
    assert {name for name in found if not name.endswith('__init__.py')} == exported

def test_lines_of_our_own_survive_in_init(copied):
    text = (copied[0]/LIBRARY/'__init__.py').read_text(encoding='utf8')
    assert text.count('_install()') == 1 and f'__version__ = "{settings()["version"]}"' in text
    assert aed_nb.__version__ == settings()['version']

# notebooks

def test_sizes():
    assert [path.name for path in notebooks() if path.stat().st_size >= 300e3] == []
    assert [path.name for path in project_files() if path.stat().st_size >= 5e6] == []

MACHINE_PATH = re.compile(r'(?<![\w.:/])/(?:home|root|tmp|work|Users|mnt|private|var/folders)/[\w.-]+')

def readable(cell):
    "Source and outputs of a cell without its pictures"
    yield cell['source']
    for output in cell.get('outputs', []):
        yield ''.join(output.get('text', ''))
        yield '\n'.join(output.get('traceback', []))
        for kind, data in output.get('data', {}).items():
            if not kind.startswith('image/'): yield ''.join(data) if isinstance(data, (str, list)) else str(data)

@pytest.mark.parametrize('path', notebooks(), ids=names(notebooks()))
def test_no_paths_of_this_machine(path):
    found = [place for cell in cells(path) for text in readable(cell) for place in MACHINE_PATH.findall(text)]
    assert not found, f'people have other folders than {found}'

@pytest.mark.parametrize('path', notebooks(), ids=names(notebooks()))
def test_no_errors_or_widgets_stored(path):
    kinds = [kind for cell in cells(path) for output in cell.get('outputs', []) for kind in [output['output_type'], *output.get('data', {})]]
    assert not {'error', 'application/vnd.jupyter.widget-view+json'} & set(kinds)

def tagged(path):
    "Numbers of the cells tagged `parameters`"
    return [number for number, cell in enumerate(cells(path)) if 'parameters' in cell['metadata'].get('tags', [])]

@pytest.mark.parametrize('name', RUN_NOTEBOOKS)
def test_run_notebooks_have_one_parameters_cell(name, copied):
    path = existing(ROOT/f'nbs/{name}.ipynb')
    assert module_of(path) is None
    assert len(tagged(path)) == 1
    assert tagged(copied[0]/f'nbs/{name}.ipynb') == tagged(path)

@pytest.mark.parametrize('path', exporting(), ids=names(exporting()))
def test_pages_have_no_parameters_cell(path): assert tagged(path) == []

# imports

NUMBERS = {module_of(path):int(path.name[:2]) for path in exporting()}

def imported_modules(source):
    "Modules of this package that a piece of source imports, and whether anything comes with a star"
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import): yield from ((alias.name, False) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f'{node.module}.{alias.name}'
                yield whole if whole in NUMBERS else node.module, alias.name == '*'

def imports(path): return [found for cell in cells(path) if cell['cell_type'] == 'code' for found in imported_modules(cell['source'])]

@pytest.mark.parametrize('path', exporting(), ids=names(exporting()))
def test_imports_point_to_lower_numbers(path):
    own = module_of(path)
    found = {module for module, _ in imports(path) if module.startswith(f'{LIBRARY}.') and module != own}
    assert found <= set(NUMBERS), f'no page exports {found-set(NUMBERS)}'
    assert {module for module in found if NUMBERS[module] >= NUMBERS[own]} == set()

@pytest.mark.parametrize('path', notebooks(), ids=names(notebooks()))
def test_no_star_imports(path): assert [module for module, star in imports(path) if star] == []

def test_light_modules_are_light():
    for module, heavy in {'aed_nb':['numpy', 'torch', 'torchvision'], 'aed_nb.papermill_io':['numpy', 'torch', 'papermill'],
            'aed_nb.core':['torch', 'matplotlib'], 'aed_nb.metrics':['torch', 'matplotlib', 'fastai', 'ultralytics']}.items():
        if module != LIBRARY and module not in NUMBERS: pytest.skip(f'{module} is not written yet')
        program = f'import sys, {module}; print([name for name in {heavy} if name in sys.modules])'
        done = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True)
        assert done.stdout.strip() == '[]', f'{module}: {done.stdout}{done.stderr}'

# docs

@pytest.mark.parametrize('path', exporting(), ids=names(exporting()))
def test_everything_public_is_documented(path):
    gaps = missing_docs(module_file(path).read_text(encoding='utf8'))
    assert not gaps, '\n'.join(gaps)

def test_documentation_check_sees_what_is_missing():
    source = '\n'.join(['def bad(', '    first,', '    second, # here', '): return 1', 'def good(', '    first, # here', '): # there', '    "One line"',
        '    return first', 'def short(): "No value"', 'class Thing:', '    "A thing"', '    def __init__(self,', '        size): pass', '    def _own(self, size): pass'])
    assert missing_docs(source) == ['bad: one-line docstring', 'bad: comment on first', 'bad: comment on what it returns', 'Thing.__init__: comment on size']

# README and packaging

def test_readme_is_index():
    existing(ROOT/'nbs/index.ipynb')
    text, pictures = render()
    assert existing(ROOT/'README.md').read_text(encoding='utf8') == text, 'run: python tests/readme.py'
    for name, picture in pictures.items(): assert (ROOT/name).read_bytes() == picture, f'{name}: run python tests/readme.py'

def test_readme_links_lead_somewhere():
    text = existing(ROOT/'README.md').read_text(encoding='utf8')
    links = [link for pair in re.findall(r'\]\(([^)\s]+)\)|src="([^"]+)"', text) for link in pair if link]
    local = [link.split('#')[0] for link in links if not re.match(r'[a-z]+:|#|data:', link)]
    assert [link for link in local if not (ROOT/link).exists()] == []

def test_ci_runs_what_readme_says():
    assert TEST_COMMAND in re.sub(r' < /dev/null', '', (ROOT/'.ci/run').read_text(encoding='utf8'))
    assert TEST_COMMAND in existing(ROOT/'README.md').read_text(encoding='utf8')

def test_wheel_has_every_module():
    packages = set(find_packages(str(ROOT), include=[LIBRARY, f'{LIBRARY}.*']))
    assert {module.rpartition('.')[0] for module in NUMBERS} <= packages
    assert [module for path in exporting() if not module_file(path).is_file() for module in [module_of(path)]] == []

def test_wheel_has_weights_and_templates():
    line = re.search(r"package_data=\{library: (\[[^\]]+\])\}", (ROOT/'setup.py').read_text(encoding='utf8'))[1]
    taken = {path for pattern in ast.literal_eval(line) for path in (ROOT/LIBRARY).glob(pattern) if path.is_file()}
    files = {path for path in (ROOT/LIBRARY).rglob('*') if path.is_file() and path.suffix not in ('.py', '.pyc')}
    assert files and files == taken
    assert sum(path.stat().st_size for path in files) < 5_000_000

def test_commands_exist():
    for line in settings()['console_scripts'].split():
        name, module, function = re.fullmatch(r'(\w+)=([\w.]+):(\w+)', line).groups()
        assert f'def {function}(' in (ROOT/(module.replace('.', '/')+'.py')).read_text(encoding='utf8'), name

def test_readme_reports_what_the_shipped_weights_got():
    reported, shipped = (json.loads((ROOT/path).read_text(encoding='utf8')) for path in ('nbs/reported/ped2.json', f'{LIBRARY}/weights/ped2/metrics.json'))
    assert reported['metrics'] == shipped

def test_papermill_finds_its_entry_point():
    found = [point for point in entry_points(group='papermill.io') if point.value.startswith(LIBRARY)]
    assert {point.name for point in found} == {'aed-nb://'}
    assert callable(found[0].load().read)

def test_constraints_pin_every_requirement():
    lines = [line for line in (ROOT/'constraints.txt').read_text(encoding='utf8').splitlines() if line and not line.startswith('#')]
    pins = [Requirement(line) for line in lines]
    assert all(re.fullmatch(r'==[\w.]+', str(pin.specifier)) for pin in pins), 'a pin is one public version, the same on every machine'
    for python in ('3.10', '3.11', '3.12', '3.13'):
        held = {canonicalize_name(pin.name):str(pin.specifier)[2:] for pin in pins if not pin.marker or pin.marker.evaluate({'python_version':python})}
        for text in (settings()['requirements'] + ' ' + settings()['dev_requirements']).split():
            wanted = Requirement(text)
            assert wanted.specifier.contains(held[canonicalize_name(wanted.name)], prereleases=True), f'{text} on Python {python}'
