"""The command `safelight`: how it starts, and every way in which it ends.

    0     done
    1     `safelight verify` made other pixels; or a fault of ours (set SAFELIGHT_DEBUG=1 to see where)
    2     something in what was asked for, in a file or on the disk; one line on stderr says what to do instead
    130   stopped with Ctrl-C; what was finished is kept

Results go to stdout, everything said to people goes to stderr. Read `app.py` next, which lists the commands; each has
one file, and imports what it needs inside its functions, so that `safelight --help` answers at once.
"""

import os
import sys
from collections.abc import Sequence

from safelight.cli.saying import printable
from safelight.errors import SafelightError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on `arguments` (those of the process by default) and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")  # a terminal that lacks a character must not cost a picture
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()  # here, where a reader that went away is understood
    except SafelightError as error:
        return _complain(str(error), 2)
    except KeyboardInterrupt:
        return _complain("stopped", 130)
    except BrokenPipeError:
        return _reader_left()
    except MemoryError:
        return _complain("out of memory; ask for a smaller size, or for --dtype bfloat16", 2)
    except OSError as error:
        if _debugging():
            raise
        place = f": {error.filename}" if error.filename else ""
        return _complain(f"{error.strerror or error}{place}", 2)
    except Exception as error:
        if _debugging():
            raise
        if _out_of_memory(error):
            return _complain("out of memory; ask for a smaller size, or for --dtype bfloat16", 2)
        return _complain(
            f"a fault of ours: {type(error).__name__}: {error} (set SAFELIGHT_DEBUG=1 to see where it arose)", 1
        )
    return code


def _run(arguments: list[str]) -> int:
    import typer

    from safelight.cli.app import app

    command = typer.main.get_command(app)
    try:
        # Not `command()`: it would end the process itself, and in another way for each kind of end.
        with command.make_context("safelight", arguments or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        return _complain("stopped", 130)
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            return 2  # the help is printed already
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "safelight"
        return _complain(f"{error.format_message()} ({path} --help lists what there is)", 2)
    return 0


def _complain(message: str, code: int) -> int:
    """Say what went wrong, on one line of stderr whatever the message holds."""
    try:
        print(f"safelight: {printable(message)}", file=sys.stderr, flush=True)
    except BrokenPipeError:
        return _reader_left()
    return code


def _reader_left() -> int:
    """End quietly when what reads our output (`| head`) has gone."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  (only its file descriptor is wanted)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere.fileno(), stream.fileno())
    return 1


def _debugging() -> bool:
    return os.environ.get("SAFELIGHT_DEBUG", "") not in ("", "0")


def _out_of_memory(error: Exception) -> bool:
    """Recognise torch's way of saying it, on a GPU and on a CPU, without importing torch."""
    return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
