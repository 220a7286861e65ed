"Packaging reads everything from settings.ini"
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

root = Path(__file__).parent
parser = ConfigParser(interpolation=None)
parser.read(root/'settings.ini', encoding='utf8')
settings = parser['DEFAULT']
library = settings['lib_name']
readme = root/'README.md'

setup(
    name=library,
    version=settings['version'],
    description=settings['description'],
    long_description=readme.read_text(encoding='utf8') if readme.is_file() else settings['description'],
    long_description_content_type='text/markdown',
    keywords=settings['keywords'].split(),
    author=settings['author'],
    license='Apache-2.0',
    packages=find_packages(include=[library, f'{library}.*']),
    package_data={library: ['weights/*/*', 'templates/*']},
    python_requires='>=' + settings['min_python'],
    install_requires=settings['requirements'].split(),
    extras_require={'dev': settings['dev_requirements'].split(), 'speed': settings['speed_requirements'].split()},
    entry_points={
        'console_scripts': settings.get('console_scripts', '').split(),
        'papermill.io': [f'aed-nb:// = {library}.papermill_io:RunNotebookHandler'],
        'nbdev': [f'{library} = {library}._modidx:d'],
    },
    zip_safe=False,
)
