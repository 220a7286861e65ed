"The checkout as the tests see it: its notebooks, settings and commands"
import ast, json, os, re, sys
from configparser import ConfigParser
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN_NOTEBOOKS = ('train', 'evaluate', 'choices', 'ablation', 'protocols', 'scale', 'demo', 'benchmark')

def settings(
    root=ROOT, # Checkout to read from
): # Section with everything that settings.ini says
    "nbdev's settings"
    parser = ConfigParser(interpolation=None)
    parser.read(root/'settings.ini', encoding='utf8')
    return parser['DEFAULT']

def command(
    name, # Like `nbdev_export`
): # Its path, beside the Python that runs the tests
    "A command of this environment, whatever PATH says"
    folder = Path(sys.executable).parent
    found = [path for path in (folder/name, folder/f'{name}.exe') if path.is_file()]
    assert found, f'{name} is not installed beside {sys.executable}'
    return str(found[0])

@lru_cache
def notebooks(): # Paths in the order of their names
    "Every notebook of the project"
    return sorted(path for path in (ROOT/'nbs').rglob('*.ipynb') if not any(part[0] in '._' for part in path.relative_to(ROOT).parts))

@lru_cache
def cells(
    path, # A notebook
): # Its cells, each with its source as one text
    "Cells of a notebook"
    found = json.loads(path.read_text(encoding='utf8'))['cells']
    return [{**cell, 'source':''.join(cell['source'])} for cell in found]

def directives(
    source, # Source of a code cell
): # Names behind `#|`, such as `export`
    "nbdev's directives of a cell"
    return set(re.findall(r'^#\|\s*([\w-]+)', source, re.M))

def module_of(
    path, # A notebook
): # Like `aed_nb.tasks.arrow`; None when it exports nothing
    "The module that a notebook exports"
    for cell in cells(path):
        found = re.search(r'^#\|\s*default_exp\s+(\S+)', cell['source'], re.M)
        if found: return f"{settings()['lib_name']}.{found[1]}"
    return None

def exporting(): # Paths in the order of their names
    "Notebooks that become modules"
    return [path for path in notebooks() if module_of(path)]

def module_file(
    path, # An exporting notebook
): # The Python file that it becomes
    "The exported file of a notebook"
    return ROOT/(module_of(path).replace('.', '/') + '.py')

def parsed(
    source, # Source of a code cell
): # Its syntax tree, without IPython's own lines
    "Syntax tree of a cell"
    return ast.parse(re.sub(r'^(\s*)[%!].*$', r'\1pass', source, flags=re.M))

def ped2_is_here(): # True when the real Ped2 can be read
    "Whether `AED_DATA` has the data that cells marked `data` read"
    return bool(os.environ.get('AED_DATA')) and (Path(os.environ['AED_DATA'])/'UCSDped2'/'Train').is_dir()
