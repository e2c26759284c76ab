"""The C interface of libdae: its constants, every public function with its types, and how to call them.

The table is include/dae/*.h once more, in the words of ctypes; tests/python/test_table.py compares the two.
Objects for everyday use are in the other modules. This one is for what they leave out:

    from dae import _c

    _c.call("dae_model_initialize", model, 7)    # raises DaeError if the call fails
"""

import array
import ctypes
import ctypes.util
import enum
import operator
import os
import threading
from ctypes import CFUNCTYPE, POINTER, byref, c_char_p, c_double, c_float, c_int32, c_size_t, c_uint32
from ctypes import c_uint64, c_void_p

try:
    import numpy as np
except ImportError:
    np = None

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

# ---- Types ------------------------------------------------------------------------------------------

NOUNS = ("rng", "noise", "dataset", "layer", "model", "session", "stream", "optimizer", "trainer", "report")
HANDLES = {noun: POINTER(type("dae_" + noun, (ctypes.Structure,), {})) for noun in NOUNS}
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

# ---- Loading and calling -----------------------------------------------------------------------------


class DaeError(Exception):
    """A call that failed: its status, the status' name, and the library's sentence about it."""

    def __init__(self, status, name, message):
        super().__init__(status, name, message)
        self.status, self.name, self.message = status, name, message

    def __str__(self):
        return "%s: %s" % (self.name, self.message)


_library = None
raised_by = {}  # thread -> exception of a callback that waits for the call to end


def load(path=None):
    """Loads the library, once; called without a path by whatever needs the library first."""
    global _library
    if _library is not None:
        if path is not None and os.path.realpath(path) != os.path.realpath(_library._name):
            raise RuntimeError("libdae is already loaded from %s" % _library._name)
        return _library
    path = path or os.environ.get("LIBDAE") or ctypes.util.find_library("dae") or "libdae.so.0"
    try:
        library = ctypes.CDLL(os.fspath(path))
    except OSError as error:
        raise ImportError("cannot load libdae: %s. Set LIBDAE to the path of libdae.so.0" % error) from None
    try:
        for name, (result, *arguments) in SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except AttributeError:
        raise ImportError("%s has no %s: it is not libdae %d.%d" % ((path, name) + VERSION)) from None
    number = library.dae_version_number()
    version = (number // 10000, number // 100 % 100)
    # Before 1.0 every minor version may change the ABI; from then on later ones only add to it.
    if version[0] != VERSION[0] or version < VERSION or (VERSION[0] == 0 and version != VERSION):
        raise ImportError("%s is libdae %s; this binding is for %d.%d"
                          % ((path, library.dae_version_string().decode()) + VERSION))
    _library = library
    return library


# The whole numbers that a type holds: ctypes would hand out others without their upper bits.
RANGES = {I32: (-2**31, 2**31 - 1), U32: (0, 2**32 - 1), U64: (0, 2**64 - 1),
          SIZE: (0, 2**(8 * ctypes.sizeof(SIZE)) - 1)}

# What Python calls a type of C; handles by their class.
EXPECTED = {DOUBLE: "float", TEXT: "bytes", FLOATS: "ctypes array of c_float"}
EXPECTED.update((kind, "int") for kind in RANGES)
EXPECTED.update((handle, noun.capitalize()) for noun, handle in HANDLES.items())


def check(what, kind, value):
    """`value` itself. TypeError when ctypes does not take it as `kind`, and ValueError when it is a whole number that
    `kind` does not hold."""
    try:
        kind.from_param(value)
    except (TypeError, ctypes.ArgumentError):  # these name neither the function nor both types
        expected, found = EXPECTED.get(kind, kind.__name__), type(value).__name__
        found += " after free()" if found == expected else ""
        raise TypeError("%s is of type %s, expected %s" % (what, found, expected)) from None
    if kind in RANGES and hasattr(value, "__index__"):  # else it is one of ctypes' own, which are in range
        low, high = RANGES[kind]
        if not low <= operator.index(value) <= high:
            raise ValueError("%s is %d, expected a whole number from %d to %d" % (what, value, low, high))
    return value


def call(name, *arguments):
    """Calls a function of the library; a status other than DAE_OK becomes an exception."""
    library, kinds = _library or load(), SIGNATURES[name][1:]
    if len(arguments) != len(kinds):
        raise TypeError("the number of arguments of %s() is %d, expected %d" % (name, len(arguments), len(kinds)))
    for number, (kind, value) in enumerate(zip(kinds, arguments), 1):
        check("argument %d of %s()" % (number, name), kind, value)
    result = getattr(library, name)(*arguments)
    if SIGNATURES[name][0] is not STATUS:
        return result
    error = None
    if result != Status.OK:
        error = DaeError(result, library.dae_status_name(result).decode(), last_error())
    raised = raised_by.pop(threading.get_ident(), None)
    if result == Status.ERROR_CALLBACK and raised is None and raised_by:
        raised = raised_by.popitem()[1]  # another thread read the dataset
    if raised is not None:
        raise raised from error
    if error is not None:
        raise error
    return result


def last_error():
    """The sentence of this thread's last failure."""
    return load().dae_last_error().decode(errors="replace")


def guarded(function, failure=1):
    """A callback whose exception waits for the call that it makes fail."""
    def callback(*arguments):
        try:
            return function(*arguments)
        except BaseException as error:  # KeyboardInterrupt too: it belongs to who called the library
            raised_by[threading.get_ident()] = error
            return failure
    return callback


def pick(kind, value):
    """A constant from itself, its number or its name in any case."""
    if isinstance(value, str):
        try:
            return kind[value.upper()]
        except KeyError:
            names = ", ".join(k.name.lower() for k in kind)
            raise ValueError("%s is one of %s, not %r" % (kind.__name__, names, value)) from None
    return int(value)


def get(name, kind, *arguments):
    """The value that a getter hands out through its last argument."""
    value = kind()
    call(name, *arguments, byref(value))
    return value.value


def get_text(name, *arguments):
    length = SIZE()
    call(name, *arguments, None, 0, byref(length))
    buffer = ctypes.create_string_buffer(length.value + 1)
    call(name, *arguments, buffer, len(buffer), None)
    return buffer.value.decode()


def get_bytes(name, *arguments):
    size = SIZE()
    call(name, *arguments, None, 0, byref(size))
    data = ctypes.create_string_buffer(size.value)
    call(name, *arguments, data, len(data), byref(size))
    return data.raw


def get_shape(name, *arguments):
    rank, shape = SIZE(), (SIZE * MAX_RANK)()
    call(name, *arguments, byref(rank), shape)
    return tuple(shape[:rank.value])


# ---- Arrays ------------------------------------------------------------------------------------------


def _flatten(data, shape):
    if not isinstance(data, (list, tuple)):
        return [data]
    if len(data) != shape[0]:
        raise ValueError("rows differ in length: %d and %d" % (len(data), shape[0]))
    return [value for row in data for value in _flatten(row, shape[1:] or (0,))]


def borrow(data):
    """A ctypes array over a writable buffer of float32, and its shape. Holds the buffer."""
    view = memoryview(data)
    if view.readonly or not view.c_contiguous or view.format.lstrip("<=@") != "f":
        raise TypeError("needs a writable, contiguous buffer of float32 (numpy.float32, array.array('f'))")
    return (c_float * (view.nbytes // 4)).from_buffer(view), view.shape


def floats(data):
    """As borrow(), but what cannot be borrowed is converted or copied."""
    if np is not None:
        data = np.require(data, np.float32, ("C", "W"))
    try:
        return borrow(data)
    except TypeError:
        data = data.tolist() if hasattr(data, "tolist") else data
    data = data if isinstance(data, (list, tuple)) else list(data)
    shape, row = [], data
    while isinstance(row, (list, tuple)):
        shape.append(len(row))
        row = row[0] if row else 0
    return borrow(array.array("f", _flatten(data, shape)))[0], tuple(shape)


def view_of(values, shape, form="f"):
    """What the user gets to see of a ctypes array."""
    if np is not None:
        return np.frombuffer(values, dtype=form).reshape(shape)
    view = memoryview(values).cast("B")
    return view.cast(form, shape) if len(values) else view.cast(form)


def text(value):
    """A str as the library takes it. None stays; what is neither is refused by call()."""
    return value.encode() if isinstance(value, str) else value


def shape_of(shape):
    return (shape,) if isinstance(shape, int) else tuple(shape)


def sizes(shape):
    return len(shape), (SIZE * len(shape))(*(check("a dimension", SIZE, size) for size in shape))
