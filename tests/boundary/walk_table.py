"""What the walk over all public functions has to know beyond the headers: a row for each function.

A row says how to call the function so that it works. Arguments whose type or name has a default in DEFAULTS
need not be named; handles default to the world's object of that kind (struct world in walk.h). From the
row, generate_walk.py makes further calls, each with one argument spoiled.

A new function needs a row here; often Row() or Row(allocates=True) is all of it. Objects, files or arrays
that the world lacks go into struct world (walk.h), and into make_...(), world_free() and, so that a change is
seen, world_look() or world_use() of walk_world.c; objects in some special state also into OTHERS.
"""

from dataclasses import dataclass, field


@dataclass
class Row:
    """How to call one function."""

    # C expressions by parameter; w is the world. What has a default may be left out.
    arguments: dict = field(default_factory=dict)
    # More calls that work, each as changes to `arguments`: for branches that the first one does not take.
    also: list = field(default_factory=list)
    # It takes memory from the allocator; its comment then names DAE_ERROR_MEMORY. All others must not.
    allocates: bool = False
    # Parameters that may be NULL, as their comments say.
    null: tuple = ()
    # Sizes that only the caller can vouch for, or that would take for ever: large ones are tried only where
    # no array could have them.
    vouched: tuple = ()
    # Outputs that a failing call may write to, as its comment says.
    written: tuple = ()
    # Failures after which part of the work is done, as its comment says.
    partly: tuple = ()
    # What calls of `also` may give beside DAE_OK, for what a build or a processor may not have.
    may_give: tuple = ()


DEFAULTS = {
    # by name and type, where a type alone does not tell what is meant
    ("const size_t *", "shape"): "w->shape",
    ("size_t *", "shape"): "w->out.dims",
    ("size_t *", "length"): "&w->out.length",
    ("char *", "buffer"): "w->buffer",
    ("size_t", "capacity"): "BUFFER_SIZE",
    ("double *", "high"): "&w->out.high",
    ("size_t *", "rank"): "&w->out.rank",
    ("uint64_t", "seed"): "7",
    ("const char *", "path"): "MODEL_FILE",
    # by type
    "size_t *": "&w->out.size",
    "uint64_t *": "&w->out.position",
    "int32_t *": "&w->out.code",
    "double *": "&w->out.number",
    "const char **": "&w->out.text",
    "void *": "NULL",
    "dae_dataset_read_fn": "walk_read",
    "dae_dataset_release_fn": "walk_dataset_release",
    "dae_progress_fn": "walk_progress",
    "dae_apply_fn": "walk_apply",
    "dae_gradient_fn": "walk_gradient",
    "dae_allocate_fn": "walk_allocate",
    "dae_release_fn": "walk_release",
    # handles
    "dae_rng *": "w->rng",
    "dae_noise *": "w->noise",
    "dae_dataset *": "w->data",
    "dae_layer *": "w->layer",
    "dae_model *": "w->model",
    "dae_session *": "w->session",
    "dae_stream *": "w->stream",
    "dae_optimizer *": "w->adam",
    "dae_trainer *": "w->trainer",
    "dae_report *": "w->report",
}

# Objects of the right type that a call may have no use for, with the state that they are in.
OTHERS = {
    "dae_rng *": [("at its last position", "w->last_rng")],
    "dae_noise *": [
        ("of as many steps as there can be", "w->full_noise"),
        ("without its recordings", "w->mixing"),
    ],
    "dae_dataset *": [
        ("of another shape", "w->narrow_data"),
        ("of another number of samples", "w->short_data"),
        ("with targets of another shape", "w->odd_pair"),
        ("whose function fails", "w->failing_data"),
        ("of more samples than fit into memory", "w->endless_data"),
        ("with NaN", "w->nan_data"),
    ],
    "dae_layer *": [
        ("in a model already", "w->used_layer"),
        ("without parameters", "w->dropout"),
        ("that reads a value which no model has", "w->lost"),
    ],
    "dae_model *": [
        ("without layers", "w->bare"),
        ("without parameters", "w->unready"),
        ("of another size", "w->narrow"),
        ("that is part of another", "w->part"),
        ("without training", "w->untrained"),
    ],
    "dae_stream *": [("without a value", "w->fresh_stream")],
    "dae_session *": [("whose model has changed", "w->stale_session")],
    "dae_optimizer *": [("of another kind", "w->sgd")],
    "dae_trainer *": [("without an epoch", "w->fresh_trainer"), ("that was stopped", "w->stopped_trainer")],
    "dae_report *": [],
}

TEXT = Row(null=("length",), written=("length",))
FLOATS = {"x": "w->floats", "count": "FLOATS"}
IDX_BYTES = {"bytes": "w->idx_bytes", "size": "IDX_SIZE"}
NPY_BYTES = {"bytes": "w->npy_bytes", "size": "NPY_SIZE"}
ARRAY = {"data": "w->samples", "count": "SAMPLES", "rank": "2"}
MEAN = {"category": '"noise"', "kind": '"gaussian"', "parameter": '"mean"'}
BFLOAT16 = {"precision": "DAE_PRECISION_BFLOAT16"}

ROWS = {
    # status.h, version.h, runtime.h
    "dae_status_name": Row({"status": "DAE_ERROR_SHAPE"}),
    "dae_last_error": Row(),
    "dae_last_error_position": Row(),
    "dae_version_number": Row(),
    "dae_version_string": Row(),
    "dae_set_allocator": Row(null=("user",)),
    "dae_set_num_threads": Row({"count": "1"}),
    "dae_get_num_threads": Row(),
    "dae_runtime_describe": TEXT,
    # recipe.h
    "dae_recipe_fill": Row({"text": '"masking(?) | clip"', "values": "w->history", "count": "1"}, null=("length",),
                           written=("length",)),
    "dae_recipe_get": Row({"category": '"layer"', "text": '"dense(4, activation=leaky_relu(0.125)) as code"', "step": "0",
                           "parameter": '"activation"'}, also=[{"step": "1"}, {"parameter": '"label"'}], null=("length",),
                          written=("length",), allocates=True),
    "dae_kind_list": Row({"category": '"noise"', "kind": '"gaussian"', "index": "1"}, null=("kind",),
                         also=[{"kind": "NULL"}, {"category": "NULL", "kind": "NULL"}, {"index": "9"}]),
    "dae_kind_get_text": Row({**MEAN, "fact": '"default"'}, null=("parameter",),
                             also=[{"kind": "NULL", "parameter": "NULL", "fact": '"what"'}]),
    "dae_kind_get_number": Row({**MEAN, "fact": '"low"'}, null=("parameter",)),
    # rng.h
    "dae_rng_create": Row({"stream": "1"}, allocates=True),
    "dae_rng_free": Row(),
    "dae_rng_get_position": Row(),
    "dae_rng_set_position": Row({"position": "12"}),
    "dae_rng_fill_bits": Row({"out": "w->words", "count": "WORDS"}, vouched=("count",)),
    "dae_rng_fill_uniform": Row({"out": "w->floats", "count": "FLOATS", "low": "-1", "high": "2"},
                                vouched=("count",)),
    "dae_rng_fill_normal": Row({"out": "w->floats", "count": "FLOATS", "mean": "1", "stddev": "2"},
                               vouched=("count",)),
    # noise.h
    "dae_add_gaussian_noise": Row({**FLOATS, "mean": "0.5", "stddev": "0.5"}, vouched=("count",)),
    "dae_add_uniform_noise": Row({**FLOATS, "low": "-1", "high": "1"}, vouched=("count",)),
    "dae_add_masking_noise": Row({**FLOATS, "rate": "0.5"}, vouched=("count",)),
    "dae_add_salt_pepper_noise": Row({**FLOATS, "rate": "0.5", "low": "0", "high": "1"}, vouched=("count",)),
    "dae_add_poisson_noise": Row({**FLOATS, "peak": "30"}, vouched=("count",)),
    "dae_add_speckle_noise": Row({**FLOATS, "stddev": "0.5"}, vouched=("count",)),
    "dae_clip": Row({**FLOATS, "low": "-0.5", "high": "0.5"}, vouched=("count",)),
    "dae_noise_free": Row(),
    "dae_noise_parse": Row({"text": '"gaussian(mean=0.5, stddev=0.5) | clip(low=0, high=1)"'}, allocates=True),
    "dae_noise_format": TEXT,
    "dae_noise_apply": Row({"noise": "w->blur", "x": "w->floats", "samples": "1", "rank": "2", "epoch": "1", "first": "3"},
                           vouched=("samples",), allocates=True),
    # dataset.h
    "dae_dataset_copy_array": Row(ARRAY, allocates=True),
    "dae_dataset_borrow_array": Row(ARRAY, allocates=True, null=("release", "user")),
    "dae_dataset_create_callback": Row({"count": "SAMPLES", "rank": "2"}, allocates=True,
                                       null=("release", "user")),
    "dae_dataset_open": Row({"path": "IDX_FILE", "format": '"idx(scaled=no)"'}, null=("format",),
                            also=[{"path": "PACKED_IDX_FILE"}, {"path": "NPY_FILE", "format": "NULL"}], allocates=True,
                            may_give=("DAE_ERROR_UNSUPPORTED",)),
    "dae_dataset_parse": Row({**IDX_BYTES, "format": '"idx"'}, null=("format",), allocates=True,
                             also=[{"bytes": "w->packed_bytes", "size": "PACKED_SIZE"}, {**NPY_BYTES, "format": "NULL"}],
                             may_give=("DAE_ERROR_UNSUPPORTED",)),
    "dae_dataset_slice": Row({"first": "1", "count": "4"}, allocates=True),
    "dae_dataset_split": Row({"count": "4"}, allocates=True),
    "dae_dataset_corrupt": Row({"mode": "DAE_NOISE_FRESH"}, also=[{"source": "w->view"}], allocates=True),
    "dae_noise_bind": Row({"noise": "w->mixing", "name": '"street"'}, allocates=True),
    "dae_dataset_clip": Row({"low": "0.25", "high": "0.5"}, also=[{"source": "w->view"}], allocates=True),
    "dae_dataset_pair": Row({"inputs": "w->view", "targets": "w->data"}, allocates=True),
    "dae_dataset_join": Row({"parts": "(dae_dataset *[]){w->view, w->short_data}", "count": "2"}, vouched=("count",),
                            allocates=True),
    "dae_dataset_view": Row({"source": "w->view", "text": '"shuffle | crops(2, 2, count=2) | augment(turns=yes)"'},
                            also=[{"text": '"cache"'}, {"text": '""'}], allocates=True),
    "dae_dataset_free": Row(),
    "dae_dataset_get_count": Row(),
    "dae_dataset_get_shape": Row({"index": "1"}, also=[{"index": "DAE_ALL_SAMPLES"}]),
    "dae_dataset_get_target_shape": Row({"index": "1"}, also=[{"index": "DAE_ALL_SAMPLES"}]),
    "dae_dataset_read": Row({"dataset": "w->blurred", "epoch": "1", "first": "2", "count": "2",
                             "inputs": "w->floats", "targets": "w->floats + 2 * SIZE"},
                            null=("inputs", "targets"), written=("inputs", "targets"), allocates=True),
    "dae_dataset_get_fact": Row({"index": "1", "fact": '"path"'}, also=[{"index": "DAE_ALL_SAMPLES"}], null=("length",)),
    "dae_dataset_save": Row({"path": '(remove("walk.npy"), "walk.npy")', "format": '"npy(overwrite=yes)"'},
                            null=("format",), allocates=True),
    # layer.h
    "dae_layer_parse": Row({"text": '"dense(4, activation=leaky_relu(0.125)) as code"'}, allocates=True),
    "dae_layer_create_dense": Row({"units": "4", "activation": '"relu"'}, allocates=True, null=("activation",)),
    "dae_layer_free": Row(),
    # model.h
    "dae_model_create": Row({"rank": "2"}, allocates=True),
    "dae_model_parse": Row({"text": '"input(2, 3) | dense(4, activation=tanh) as code | dense(6) | add(input)"'},
                           allocates=True),
    "dae_model_extend": Row({"model": "w->unready", "text": '"dropout(0.5) | from(input) | dense(4)"'},
                            also=[{"model": "w->bare"}], allocates=True),
    "dae_model_format": TEXT,
    "dae_model_free": Row(),
    "dae_model_add": Row({"model": "w->bare"}, also=[{"model": "w->unready", "layer": "w->dropout"}], allocates=True),
    "dae_model_initialize": Row({"model": "w->unready"}, also=[{"model": "w->model"}], allocates=True),
    "dae_model_slice": Row({"from": '"0"', "to": '"output"'}, also=[{"from": "NULL"}, {"to": "NULL"}],
                           allocates=True, null=("from", "to")),
    "dae_model_copy": Row(allocates=True),
    "dae_model_copy_parameters": Row({"from": "w->untrained"}, null=("count",)),
    "dae_model_get_input_shape": Row(),
    "dae_model_get_output_shape": Row(),
    "dae_model_get_layer_count": Row(),
    "dae_model_get_parameter_count": Row(),
    "dae_model_get_parameters": Row({"values": "w->parameters", "count": "PARAMETERS"}),
    "dae_model_set_parameters": Row({"values": "w->parameters", "count": "PARAMETERS"}),
    "dae_model_get_tensor_count": Row(),
    "dae_model_get_tensor_info": Row({"index": "1"}, null=("length",), written=("length",),
                                     also=[{"rank": "NULL", "shape": "NULL"}]),
    "dae_model_get_tensor": Row({"name": '"0.bias"', "values": "w->parameters", "count": "HIDDEN"}),
    "dae_model_set_tensor": Row({"name": '"0.bias"', "values": "w->parameters", "count": "HIDDEN"}),
    "dae_model_get_noise": Row(),
    "dae_model_get_range": Row({"low": "&w->out.number"}),
    "dae_model_set_scaling": Row({"model": "w->untrained", "text": '"divide(2)"'},
                                 also=[{"text": '"range(0, 1)"'}, {"text": '"standard"'}, {"text": '"none"'}],
                                 null=("data",), allocates=True),
    "dae_model_format_scaling": TEXT,
    "dae_model_set_note": Row({"key": '"sensor"', "text": '"a text"'}, also=[{"text": "NULL"}], null=("text",),
                              allocates=True),
    "dae_model_get_note": Row({"key": '"walked"'}, null=("length",), written=("length",)),
    "dae_model_list_note": Row({"index": "0"}),
    "dae_model_describe": TEXT,
    "dae_model_save": Row(also=[{"path": '"new"'}], allocates=True),
    "dae_model_load": Row(allocates=True),
    "dae_model_serialize": Row({"bytes": "w->bytes", "capacity": "BYTES", "size": "&w->out.length"},
                               written=("size",), allocates=True),
    "dae_model_deserialize": Row({"bytes": "w->model_bytes", "size": "w->model_size"}, allocates=True),
    # session.h
    "dae_session_create": Row({"max_batch": "9"}, also=[{"max_batch": "2"}], allocates=True),
    "dae_session_create_shaped": Row({"max_batch": "9", "rank": "2"}, also=[{"max_batch": "2"}], allocates=True),
    "dae_session_free": Row(),
    "dae_session_get_input_shape": Row(),
    "dae_session_get_output_shape": Row(),
    "dae_session_set_precision": Row({"precision": "DAE_PRECISION_FLOAT32"}, also=[BFLOAT16], allocates=True,
                                     may_give=("DAE_ERROR_UNSUPPORTED",)),
    "dae_session_run": Row({"inputs": "w->samples", "count": "SAMPLES", "outputs": "w->outputs"},
                           also=[{"count": "3"}], vouched=("count",)),
    "dae_model_apply": Row({"cover": "NULL", "rank": "2", "input": "w->samples", "output": "w->outputs"},
                           also=[{"cover": '"whole"'}, {"cover": '"overlap(hop=2)"'}], null=("cover", "progress", "user"),
                           allocates=True),
    "dae_model_get_reach": Row({"model": "w->near", "dimension": "1", "before": "&w->out.size", "after": "&w->out.length"},
                               allocates=True),
    "dae_model_map": Row({"cover": "NULL"}, also=[{"cover": '"overlap(hop=2)"'}], null=("cover",), allocates=True),
    # stream.h
    "dae_stream_create": Row({"cover": "NULL"}, also=[{"cover": '"overlap(hop=2)"'}], null=("cover",), allocates=True),
    "dae_stream_free": Row(),
    "dae_stream_push": Row({"input": "w->samples", "count": "SIZE", "output": "w->outputs"}, also=[{"count": "1"}],
                           vouched=("count",)),
    "dae_stream_flush": Row({"output": "w->outputs"}),
    "dae_stream_get_latency": Row({"count": "&w->out.size"}),
    # optimizer.h
    "dae_optimizer_create_sgd": Row({"learning_rate": "0.01"}, allocates=True),
    "dae_optimizer_create_adam": Row({"learning_rate": "0.01"}, allocates=True),
    "dae_optimizer_free": Row(),
    "dae_optimizer_parse": Row({"text": '"adam(0.01, beta1=0.5) | cosine(100, warmup=5)"'}, also=[{"text": '"sgd(0.1)"'}],
                               allocates=True),
    "dae_optimizer_format": TEXT,
    "dae_optimizer_set": Row({"parameter": '"beta2"', "value": "0.875"}),
    "dae_optimizer_get": Row({"parameter": '"epsilon"'}),
    "dae_optimizer_get_rate_at": Row({"step": "3", "steps_per_epoch": "4"}),
    # trainer.h
    "dae_trainer_create": Row({"objective": '"bce | l2(weight=0.01)"'}, null=("objective",), also=[{"optimizer": "w->sgd"}], allocates=True),
    "dae_trainer_format_objective": TEXT,
    "dae_trainer_free": Row(),
    "dae_trainer_set_batch_size": Row({"batch_size": "5"}),
    "dae_trainer_set_seed": Row({"seed": "12"}),
    "dae_trainer_set_shuffle": Row({"shuffle": "0"}),
    "dae_trainer_set_precision": Row({"precision": "DAE_PRECISION_FLOAT32"}, also=[BFLOAT16], allocates=True,
                                     may_give=("DAE_ERROR_UNSUPPORTED",)),
    "dae_trainer_set_validation": Row({"validation": "w->view"}, null=("validation",), allocates=True),
    "dae_trainer_set_figures": Row({"figures": "NULL"}, also=[{"trainer": "w->fresh_trainer", "figures": '"mae"'}],
                                   null=("figures",), allocates=True),
    "dae_trainer_copy_average": Row(allocates=True),
    "dae_trainer_set_frozen": Row({"layer": '"0"', "frozen": "1"}),
    "dae_trainer_set_progress": Row(null=("progress", "user")),
    "dae_trainer_set_gradient_hook": Row(null=("hook", "user")),
    "dae_trainer_fit": Row({"dataset": "w->view", "epochs": "2"}, also=[{"trainer": "w->fresh_trainer"}],
                           allocates=True, vouched=("epochs",),
                           partly=("DAE_ERROR_CANCELLED", "DAE_ERROR_CALLBACK", "DAE_ERROR_NOT_FINITE")),
    "dae_trainer_step": Row({"inputs": "w->samples", "targets": "w->samples", "count": "SAMPLES"},
                            also=[{"trainer": "w->fresh_trainer"}], allocates=True, null=("loss",)),
    "dae_trainer_stop": Row(null=("trainer",)),
    "dae_trainer_get_step_count": Row(),
    "dae_trainer_get_epoch_count": Row(),
    "dae_trainer_get_history": Row({"column": '"loss"', "values": "w->history", "count": "1"}),
    "dae_trainer_list_history": Row({"index": "1"}),
    "dae_trainer_set_skip_not_finite": Row({"skip": "1"}),
    "dae_trainer_set_early_stopping": Row({"patience": "3", "min_delta": "0.5"},
                                          also=[{"trainer": "w->fresh_trainer"}], allocates=True),
    "dae_trainer_get_skipped_count": Row(),
    "dae_trainer_get_finding_count": Row({"trainer": "w->stuck_trainer"}),
    "dae_trainer_get_finding": Row({"trainer": "w->stuck_trainer", "index": "0"}, null=("code", "text")),
    "dae_trainer_get_best": Row(),
    "dae_trainer_restore_best": Row(),
    # checkpoint.h
    "dae_trainer_set_checkpoint": Row({"path": "CHECKPOINT_FILE"}, allocates=True, null=("path",)),
    "dae_trainer_set_checkpoint_interval": Row({"unit": "DAE_INTERVAL_STEPS", "count": "2"}),
    "dae_trainer_set_checkpoint_keep": Row({"count": "3"}),
    "dae_trainer_set_checkpoint_failure": Row({"policy": "DAE_CHECKPOINT_GO_ON"}),
    "dae_trainer_save_checkpoint": Row({"path": "CHECKPOINT_FILE"}, also=[{"path": '"new"'}], allocates=True),
    "dae_trainer_serialize_checkpoint": Row({"bytes": "w->bytes", "capacity": "BYTES", "size": "&w->out.length"},
                                            written=("size",), allocates=True),
    "dae_trainer_load_checkpoint": Row({"path": "CHECKPOINT_FILE"}, allocates=True),
    "dae_model_load_checkpoint": Row({"path": "CHECKPOINT_FILE"}, allocates=True),
    "dae_trainer_deserialize_checkpoint": Row({"bytes": "w->checkpoint_bytes", "size": "w->checkpoint_size"},
                                              allocates=True),
    # report.h
    "dae_model_evaluate": Row({"dataset": "w->view"}, allocates=True),
    "dae_model_measure": Row({"dataset": "w->view", "figures": '"psnr(peak=255)"', "values": "w->history", "count": "1"},
                             allocates=True),
    "dae_report_free": Row(),
    "dae_report_get": Row({"figure": '"psnr"'}, also=[{"figure": '"psnr(peak=255)"'}], allocates=True),
    "dae_report_get_finding_count": Row(),
    "dae_report_get_finding": Row({"index": "0"}, null=("code", "text")),
}
