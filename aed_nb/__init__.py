"Abnormal event detection in video at object level"
__version__ = "0.1.0"

from aed_nb.torchvision_cpu import install as _install
_install()   # before anybody imports torchvision: does nothing where its build matches torch
