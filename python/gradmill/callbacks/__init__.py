"""Callbacks: what happens while a model trains."""

from gradmill.callbacks.backup_and_restore import BackupAndRestore
from gradmill.callbacks.callback import Callback
from gradmill.callbacks.callback_list import CallbackList
from gradmill.callbacks.history import History
from gradmill.callbacks.model_checkpoint import ModelCheckpoint
from gradmill.callbacks.monitor import EarlyStopping, MonitorCallback, ReduceLROnPlateau
from gradmill.callbacks.progress import ProgbarLogger
from gradmill.callbacks.remote_monitor import RemoteMonitor
from gradmill.callbacks.small_callbacks import CSVLogger, LambdaCallback, LearningRateScheduler, TerminateOnNaN
from gradmill.callbacks.swap_ema_weights import SwapEMAWeights
from gradmill.callbacks.tensor_board import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "MonitorCallback",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
