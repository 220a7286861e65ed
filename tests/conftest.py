"What every test needs: this package first, and nothing that reaches for a network, a window or the user's own folders"
import atexit, os, shutil, tempfile

scratch = tempfile.mkdtemp(prefix='aed_nb-')
atexit.register(shutil.rmtree, scratch, ignore_errors=True)
os.environ.update(
    YOLO_OFFLINE='true', YOLO_AUTOINSTALL='false', YOLO_VERBOSE='false', YOLO_CONFIG_DIR=scratch,
    TMPDIR=f'{scratch}/tmp', MPLBACKEND='agg', MPLCONFIGDIR=f'{scratch}/matplotlib', AED_HOME=f'{scratch}/home', XDG_CONFIG_HOME=f'{scratch}/config')
for variable in ('TMPDIR', 'XDG_CONFIG_HOME'): os.makedirs(os.environ[variable])

import aed_nb  # noqa: E402  before anybody imports torchvision
