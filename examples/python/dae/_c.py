"""The C interface of libdae: its constants, and every public function with its types.

The table is include/dae/*.h once more, in the words of ctypes; tests/python/test_table.py compares the two. _library.py
calls what is in it.
"""

from __future__ import annotations

import ctypes
import enum
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_double, c_float, c_int32, c_size_t, c_uint32, c_uint64, c_void_p

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

VERSION = (0, 1)  # version of the headers that the table below was written from
MAX_RANK = 8
MAX_NOTES, MAX_NOTE_KEY, MAX_NOTE_TEXT = 64, 63, 16000
ALL_SAMPLES = ctypes.c_size_t(-1).value

# ---- Constants: DAE_PRECISION_FLOAT32 is Precision.FLOAT32. Where one is asked for, "float32" will do. ------------

Status = enum.IntEnum("Status", {
    "OK": 0, "ERROR_ARGUMENT": -1, "ERROR_SHAPE": -2, "ERROR_MEMORY": -3, "ERROR_IO": -4, "ERROR_FORMAT": -5,
    "ERROR_STATE": -6, "ERROR_NOT_FINITE": -7, "ERROR_CANCELLED": -8, "ERROR_UNSUPPORTED": -9,
    "ERROR_CALLBACK": -10})
NoiseMode = enum.IntEnum("NoiseMode", "FRESH ONCE", start=0)
Precision = enum.IntEnum("Precision", "FLOAT32 BFLOAT16", start=0)
Event = enum.IntEnum("Event", "STEP EPOCH CHECKPOINT_FAILED", start=0)
Interval = enum.IntEnum("Interval", "EPOCHS STEPS SECONDS", start=0)
CheckpointFailure = enum.IntEnum("CheckpointFailure", "STOP GO_ON", start=0)
Finding = enum.IntEnum("Finding", "DEAD_OUTPUTS WORSE_THAN_MEAN_IMAGE WORSE_THAN_INPUT INPUTS_OUT_OF_RANGE "
                       "NOT_FINITE DEAD_HIDDEN_UNITS TARGETS_OUT_OF_REACH SCALE NOTHING_TO_DENOISE CONSTANT_TARGETS "
                       "NOISY_TARGETS OVERFITTING LEARNING_RATE_TOO_SMALL LEARNING_RATE_TOO_LARGE NO_PROGRESS", start=1)

for _kind, _what in ((Status, "What a call says of itself."), (NoiseMode, "Whether noise is drawn anew in each epoch."),
                     (Precision, "Of the factors of products."), (Event, "What a progress callback is called for."),
                     (Interval, "What is counted from a checkpoint to the next."),
                     (CheckpointFailure, "What a fit does when a checkpoint cannot be written."),
                     (Finding, "What a report or a history has to say.")):
    _kind.__doc__ = _what

# ---- Types ------------------------------------------------------------------------------------------

NOUNS = ("rng", "noise", "dataset", "layer", "model", "session", "stream", "optimizer", "trainer", "report")
HANDLES: Dict[str, Any] = {noun: POINTER(type("dae_" + noun, (ctypes.Structure,), {})) for noun in NOUNS}
RNG, NOISE, DATASET, LAYER, MODEL, SESSION, STREAM, OPTIMIZER, TRAINER, REPORT = HANDLES.values()
(RNG_OUT, NOISE_OUT, DATASET_OUT, LAYER_OUT, MODEL_OUT, SESSION_OUT, STREAM_OUT, OPTIMIZER_OUT, TRAINER_OUT,
 REPORT_OUT) = (POINTER(handle) for handle in HANDLES.values())

STATUS, I32, U32, U64, SIZE, DOUBLE = c_int32, c_int32, c_uint32, c_uint64, c_size_t, c_double
TEXT, BYTES, USER = c_char_p, c_void_p, c_void_p
FLOATS, DOUBLES, WORDS, SIZES = POINTER(c_float), POINTER(c_double), POINTER(c_uint32), POINTER(c_size_t)
I32_OUT, U64_OUT, SIZE_OUT, DOUBLE_OUT, TEXT_OUT = (
    POINTER(I32), POINTER(U64), POINTER(SIZE), POINTER(DOUBLE), POINTER(TEXT))


class Progress(ctypes.Structure):
    """What a progress callback is told; a copy that may be kept."""
    _fields_ = [("size", U32), ("event", I32), ("epoch", U64), ("epochs", U64), ("step", U64), ("steps", U64),
                ("loss", DOUBLE), ("validation_loss", DOUBLE), ("validation_psnr", DOUBLE),
                ("epoch_seconds", DOUBLE), ("seconds", DOUBLE), ("skipped", U64), ("reserved", U64 * 7)]


ALLOCATE_FN = CFUNCTYPE(c_void_p, SIZE, USER)
RELEASE_FN = CFUNCTYPE(None, c_void_p, USER)
DATASET_RELEASE_FN = CFUNCTYPE(None, USER)
DATASET_READ_FN = CFUNCTYPE(I32, U64, SIZE, FLOATS, USER)
PROGRESS_FN = CFUNCTYPE(I32, POINTER(Progress), USER)
APPLY_FN = CFUNCTYPE(I32, U64, U64, USER)
GRADIENT_FN = CFUNCTYPE(I32, FLOATS, SIZE, USER)

# ---- Every public function: name, type of result, types of arguments ---------------------------------

SIGNATURES = {
    "dae_version_number": (U32,),
    "dae_version_string": (TEXT,),
    "dae_status_name": (TEXT, STATUS),
    "dae_last_error": (TEXT,),
    "dae_last_error_position": (SIZE,),
    "dae_set_allocator": (STATUS, ALLOCATE_FN, RELEASE_FN, USER),
    "dae_set_num_threads": (STATUS, SIZE),
    "dae_get_num_threads": (SIZE,),
    "dae_runtime_describe": (STATUS, TEXT, SIZE, SIZE_OUT),

    "dae_recipe_fill": (STATUS, TEXT, SIZE, SIZE_OUT, TEXT, DOUBLES, SIZE),
    "dae_recipe_get": (STATUS, TEXT, TEXT, SIZE, TEXT, TEXT, SIZE, SIZE_OUT),
    "dae_kind_list": (STATUS, TEXT, TEXT, SIZE, TEXT_OUT),
    "dae_kind_get_text": (STATUS, TEXT, TEXT, TEXT, TEXT, TEXT_OUT),
    "dae_kind_get_number": (STATUS, TEXT, TEXT, TEXT, TEXT, DOUBLE_OUT),

    "dae_rng_create": (STATUS, RNG_OUT, U64, U64),
    "dae_rng_free": (None, RNG),
    "dae_rng_get_position": (STATUS, RNG, U64_OUT),
    "dae_rng_set_position": (STATUS, RNG, U64),
    "dae_rng_fill_bits": (STATUS, RNG, WORDS, SIZE),
    "dae_rng_fill_uniform": (STATUS, RNG, FLOATS, SIZE, DOUBLE, DOUBLE),
    "dae_rng_fill_normal": (STATUS, RNG, FLOATS, SIZE, DOUBLE, DOUBLE),

    "dae_add_gaussian_noise": (STATUS, FLOATS, SIZE, DOUBLE, DOUBLE, RNG),
    "dae_add_uniform_noise": (STATUS, FLOATS, SIZE, DOUBLE, DOUBLE, RNG),
    "dae_add_masking_noise": (STATUS, FLOATS, SIZE, DOUBLE, RNG),
    "dae_add_salt_pepper_noise": (STATUS, FLOATS, SIZE, DOUBLE, DOUBLE, DOUBLE, RNG),
    "dae_add_poisson_noise": (STATUS, FLOATS, SIZE, DOUBLE, RNG),
    "dae_add_speckle_noise": (STATUS, FLOATS, SIZE, DOUBLE, RNG),
    "dae_clip": (STATUS, FLOATS, SIZE, DOUBLE, DOUBLE),
    "dae_noise_free": (None, NOISE),
    "dae_noise_parse": (STATUS, NOISE_OUT, TEXT),
    "dae_noise_format": (STATUS, NOISE, TEXT, SIZE, SIZE_OUT),
    "dae_noise_bind": (STATUS, NOISE, TEXT, DATASET),
    "dae_noise_apply": (STATUS, NOISE, FLOATS, SIZE, SIZE, SIZES, U64, U64, U64),

    "dae_dataset_copy_array": (STATUS, DATASET_OUT, FLOATS, SIZE, SIZE, SIZES),
    "dae_dataset_borrow_array": (STATUS, DATASET_OUT, FLOATS, SIZE, SIZE, SIZES, DATASET_RELEASE_FN, USER),
    "dae_dataset_create_callback": (STATUS, DATASET_OUT, SIZE, SIZE, SIZES, DATASET_READ_FN,
                                    DATASET_RELEASE_FN, USER),
    "dae_dataset_open": (STATUS, DATASET_OUT, TEXT, TEXT),
    "dae_dataset_parse": (STATUS, DATASET_OUT, BYTES, SIZE, TEXT),
    "dae_dataset_slice": (STATUS, DATASET_OUT, DATASET, SIZE, SIZE),
    "dae_dataset_split": (STATUS, DATASET_OUT, DATASET_OUT, DATASET, SIZE),
    "dae_dataset_corrupt": (STATUS, DATASET_OUT, DATASET, NOISE, I32, U64),
    "dae_dataset_clip": (STATUS, DATASET_OUT, DATASET, DOUBLE, DOUBLE),
    "dae_dataset_pair": (STATUS, DATASET_OUT, DATASET, DATASET),
    "dae_dataset_join": (STATUS, DATASET_OUT, DATASET_OUT, SIZE),
    "dae_dataset_view": (STATUS, DATASET_OUT, DATASET, TEXT, U64),
    "dae_dataset_free": (None, DATASET),
    "dae_dataset_get_count": (STATUS, DATASET, SIZE_OUT),
    "dae_dataset_get_shape": (STATUS, DATASET, SIZE, SIZE_OUT, SIZES),
    "dae_dataset_get_target_shape": (STATUS, DATASET, SIZE, SIZE_OUT, SIZES),
    "dae_dataset_get_fact": (STATUS, DATASET, SIZE, TEXT, TEXT, SIZE, SIZE_OUT),
    "dae_dataset_save": (STATUS, DATASET, TEXT, TEXT),
    "dae_dataset_read": (STATUS, DATASET, U64, SIZE, SIZE, FLOATS, FLOATS),

    "dae_layer_parse": (STATUS, LAYER_OUT, TEXT),
    "dae_layer_create_dense": (STATUS, LAYER_OUT, SIZE, TEXT),
    "dae_layer_free": (None, LAYER),

    "dae_model_create": (STATUS, MODEL_OUT, SIZE, SIZES),
    "dae_model_parse": (STATUS, MODEL_OUT, TEXT),
    "dae_model_extend": (STATUS, MODEL, TEXT),
    "dae_model_free": (None, MODEL),
    "dae_model_add": (STATUS, MODEL, LAYER),
    "dae_model_initialize": (STATUS, MODEL, U64),
    "dae_model_slice": (STATUS, MODEL_OUT, MODEL, TEXT, TEXT),
    "dae_model_copy": (STATUS, MODEL_OUT, MODEL),
    "dae_model_copy_parameters": (STATUS, MODEL, MODEL, SIZE_OUT),
    "dae_model_get_input_shape": (STATUS, MODEL, SIZE_OUT, SIZES),
    "dae_model_get_output_shape": (STATUS, MODEL, SIZE_OUT, SIZES),
    "dae_model_get_layer_count": (STATUS, MODEL, SIZE_OUT),
    "dae_model_get_parameter_count": (STATUS, MODEL, SIZE_OUT),
    "dae_model_get_parameters": (STATUS, MODEL, FLOATS, SIZE),
    "dae_model_set_parameters": (STATUS, MODEL, FLOATS, SIZE),
    "dae_model_get_tensor_count": (STATUS, MODEL, SIZE_OUT),
    "dae_model_get_tensor_info": (STATUS, MODEL, SIZE, TEXT, SIZE, SIZE_OUT, SIZE_OUT, SIZES),
    "dae_model_get_tensor": (STATUS, MODEL, TEXT, FLOATS, SIZE),
    "dae_model_set_tensor": (STATUS, MODEL, TEXT, FLOATS, SIZE),
    "dae_model_get_noise": (STATUS, MODEL, NOISE_OUT),
    "dae_model_get_range": (STATUS, MODEL, DOUBLE_OUT, DOUBLE_OUT),
    "dae_model_set_note": (STATUS, MODEL, TEXT, TEXT),
    "dae_model_get_note": (STATUS, MODEL, TEXT, TEXT, SIZE, SIZE_OUT),
    "dae_model_list_note": (STATUS, MODEL, SIZE, TEXT_OUT),
    "dae_model_set_scaling": (STATUS, MODEL, TEXT, DATASET),
    "dae_model_format_scaling": (STATUS, MODEL, TEXT, SIZE, SIZE_OUT),
    "dae_model_format": (STATUS, MODEL, TEXT, SIZE, SIZE_OUT),
    "dae_model_describe": (STATUS, MODEL, TEXT, SIZE, SIZE_OUT),
    "dae_model_save": (STATUS, MODEL, TEXT),
    "dae_model_load_checkpoint": (STATUS, MODEL_OUT, TEXT),
    "dae_model_load": (STATUS, MODEL_OUT, TEXT),
    "dae_model_serialize": (STATUS, MODEL, BYTES, SIZE, SIZE_OUT),
    "dae_model_deserialize": (STATUS, MODEL_OUT, BYTES, SIZE),

    "dae_session_create_shaped": (STATUS, SESSION_OUT, MODEL, SIZE, SIZE, SIZES),
    "dae_session_create": (STATUS, SESSION_OUT, MODEL, SIZE),
    "dae_session_free": (None, SESSION),
    "dae_session_get_input_shape": (STATUS, SESSION, SIZE_OUT, SIZES),
    "dae_session_get_output_shape": (STATUS, SESSION, SIZE_OUT, SIZES),
    "dae_session_set_precision": (STATUS, SESSION, I32),
    "dae_session_run": (STATUS, SESSION, FLOATS, SIZE, FLOATS),

    "dae_optimizer_create_sgd": (STATUS, OPTIMIZER_OUT, DOUBLE),
    "dae_optimizer_create_adam": (STATUS, OPTIMIZER_OUT, DOUBLE),
    "dae_optimizer_parse": (STATUS, OPTIMIZER_OUT, TEXT),
    "dae_optimizer_format": (STATUS, OPTIMIZER, TEXT, SIZE, SIZE_OUT),
    "dae_optimizer_free": (None, OPTIMIZER),
    "dae_optimizer_set": (STATUS, OPTIMIZER, TEXT, DOUBLE),
    "dae_optimizer_get": (STATUS, OPTIMIZER, TEXT, DOUBLE_OUT),
    "dae_optimizer_get_rate_at": (STATUS, OPTIMIZER, U64, U64, DOUBLE_OUT),

    "dae_trainer_create": (STATUS, TRAINER_OUT, MODEL, OPTIMIZER, TEXT),
    "dae_trainer_copy_average": (STATUS, MODEL_OUT, TRAINER),
    "dae_trainer_free": (None, TRAINER),
    "dae_trainer_set_batch_size": (STATUS, TRAINER, SIZE),
    "dae_trainer_set_seed": (STATUS, TRAINER, U64),
    "dae_trainer_set_shuffle": (STATUS, TRAINER, I32),
    "dae_trainer_set_precision": (STATUS, TRAINER, I32),
    "dae_trainer_set_validation": (STATUS, TRAINER, DATASET),
    "dae_trainer_set_figures": (STATUS, TRAINER, TEXT),
    "dae_trainer_set_frozen": (STATUS, TRAINER, TEXT, I32),
    "dae_trainer_set_progress": (STATUS, TRAINER, PROGRESS_FN, USER),
    "dae_trainer_set_gradient_hook": (STATUS, TRAINER, GRADIENT_FN, USER),
    "dae_trainer_set_skip_not_finite": (STATUS, TRAINER, I32),
    "dae_trainer_set_early_stopping": (STATUS, TRAINER, SIZE, DOUBLE),
    "dae_trainer_fit": (STATUS, TRAINER, DATASET, SIZE),
    "dae_trainer_step": (STATUS, TRAINER, FLOATS, FLOATS, SIZE, DOUBLE_OUT),
    "dae_trainer_stop": (None, TRAINER),
    "dae_trainer_get_step_count": (STATUS, TRAINER, U64_OUT),
    "dae_trainer_get_skipped_count": (STATUS, TRAINER, U64_OUT),
    "dae_trainer_get_finding_count": (STATUS, TRAINER, SIZE_OUT),
    "dae_trainer_get_finding": (STATUS, TRAINER, SIZE, I32_OUT, TEXT_OUT),
    "dae_trainer_get_best": (STATUS, TRAINER, U64_OUT, DOUBLE_OUT),
    "dae_trainer_restore_best": (STATUS, TRAINER),
    "dae_trainer_get_epoch_count": (STATUS, TRAINER, SIZE_OUT),
    "dae_trainer_format_objective": (STATUS, TRAINER, TEXT, SIZE, SIZE_OUT),
    "dae_trainer_get_history": (STATUS, TRAINER, TEXT, DOUBLES, SIZE),
    "dae_trainer_list_history": (STATUS, TRAINER, SIZE, TEXT_OUT),
    "dae_trainer_set_checkpoint": (STATUS, TRAINER, TEXT),
    "dae_trainer_set_checkpoint_interval": (STATUS, TRAINER, I32, U64),
    "dae_trainer_set_checkpoint_keep": (STATUS, TRAINER, SIZE),
    "dae_trainer_set_checkpoint_failure": (STATUS, TRAINER, I32),
    "dae_trainer_save_checkpoint": (STATUS, TRAINER, TEXT),
    "dae_trainer_serialize_checkpoint": (STATUS, TRAINER, BYTES, SIZE, SIZE_OUT),
    "dae_trainer_load_checkpoint": (STATUS, TRAINER, TEXT),
    "dae_trainer_deserialize_checkpoint": (STATUS, TRAINER, BYTES, SIZE),

    "dae_model_evaluate": (STATUS, REPORT_OUT, MODEL, DATASET),
    "dae_model_apply": (STATUS, MODEL, TEXT, SIZE, SIZES, FLOATS, FLOATS, APPLY_FN, USER),
    "dae_stream_create": (STATUS, STREAM_OUT, MODEL, TEXT),
    "dae_stream_free": (None, STREAM),
    "dae_stream_push": (STATUS, STREAM, FLOATS, SIZE, FLOATS),
    "dae_stream_flush": (STATUS, STREAM, FLOATS),
    "dae_model_get_reach": (STATUS, MODEL, SIZE, SIZE_OUT, SIZE_OUT),
    "dae_stream_get_latency": (STATUS, STREAM, SIZE_OUT),
    "dae_model_map": (STATUS, DATASET_OUT, MODEL, DATASET, TEXT),
    "dae_model_measure": (STATUS, MODEL, DATASET, TEXT, DOUBLES, SIZE),
    "dae_report_free": (None, REPORT),
    "dae_report_get": (STATUS, REPORT, TEXT, DOUBLE_OUT),
    "dae_report_get_finding_count": (STATUS, REPORT, SIZE_OUT),
    "dae_report_get_finding": (STATUS, REPORT, SIZE, I32_OUT, TEXT_OUT),
}
