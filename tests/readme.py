"""README.md from nbs/index.ipynb: python tests/readme.py

Cells marked `hide` are left out, nbdev's directives are not shown, paths become those of the top folder, and pictures
among the outputs are written to nbs/images."""
import posixpath, re
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parent.parent
WARNING = '<!-- Written by tests/readme.py from nbs/index.ipynb: edit that -->\n\n'

def shown(
    cell, # Cell of the notebook; loses its directives and, under `echo: false`, its source
): # False when nothing of it belongs into README
    "Strip a cell of what is meant for nbdev only"
    if cell.cell_type != 'code': return cell.cell_type == 'markdown'
    said = {name:value.strip() for name, value in re.findall(r'^#\|\s*([\w-]+):?[ \t]*(.*)$', cell.source, re.M)}
    cell.source = re.sub(r'^#\|.*\n?', '', cell.source, flags=re.M).strip()
    if said.get('echo') == 'false': cell.source = ''
    return not {'hide', 'default_exp'} & set(said) and said.get('include') != 'false' and bool(cell.source or cell.outputs)

def from_top(
    text, # Markdown in which relative paths start from nbs/
): # The same, with paths that start from the top folder
    "Make links and pictures work in README"
    def moved(found):
        if re.match(r'[a-z][a-z+.-]*:|#|/|nbs/images/index_', found[2]): return found[0]
        return found[1] + posixpath.normpath(f'nbs/{found[2]}') + found[3]
    return re.sub(r'(\]\(|\bsrc="|\bhref=")([^)"\s]+)([)"\s])', moved, text)

def render(
    notebook=ROOT/'nbs/index.ipynb', # Where README is written
): # Text of README, and the content of its pictures by path
    "README and the pictures among its outputs"
    content = nbformat.read(notebook, 4)
    content.cells = [cell for cell in content.cells if shown(cell)]
    content.metadata.language_info = {'name':'python'} # nbdev_clean drops it, and code would lose its colours
    body, found = MarkdownExporter().from_notebook_node(content, {'unique_key':'index', 'output_files_dir':'nbs/images'})
    body = re.sub(r'[ \t]+$', '', body, flags=re.M).replace('```python\n\n```', '') # the latter where the source is not shown
    body = re.sub(r'<style scoped>.*?</style>\n', '', body, flags=re.S) # pandas' own, which README cannot use
    body = re.sub(r'\n{3,}', '\n\n', body).strip()
    return WARNING + from_top(body) + '\n', found['outputs']

if __name__ == '__main__':
    text, pictures = render()
    (ROOT/'README.md').write_text(text, encoding='utf8', newline='\n')
    for old in (ROOT/'nbs/images').glob('index_*'):
        if f'nbs/images/{old.name}' not in pictures: old.unlink()
    for name, content in pictures.items():
        (ROOT/name).parent.mkdir(exist_ok=True)
        (ROOT/name).write_bytes(content)
    print('README.md', *pictures)
