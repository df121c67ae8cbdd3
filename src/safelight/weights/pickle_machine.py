"""A pickle read as what it is, a program for a small stack machine, by a machine that can run no code at all.

Python's own reader calls whatever function a pickle names, and every list of forbidden names has been got round. This
machine has no way to call anything: a name stays a name, and building an object of one gives an `Inert`, an empty
thing that nothing comes out of. Only three kinds of call have a meaning, and it is ours: an ordered dict is a dict, a
tensor's rebuilding is a `Strided` view of a `Storage`, a parameter is its tensor.

    run(file, storage) -> None, bool, int, float, str, bytes, list, tuple, dict, set, Strided, Inert

The opcodes are those of CPython's Modules/_pickle.c; `pickletools.genops` takes the bytes apart.
Read next: `pickle_reader.py`, which finds the tensors' bytes.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

__all__ = ["Inert", "MachineError", "Name", "Storage", "Strided", "run"]

MOST_STEPS = 5_000_000
MOST_MEMOS = 2_000_000


class MachineError(Exception):
    """A pickle that is broken, or that wants something no file of weights needs. Says what, without the file."""


@dataclass(frozen=True)
class Name:
    """A function or class that the pickle names. It is never looked up."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"[:100]


@dataclass(frozen=True)
class Inert:
    """What stands where the pickle wanted an object of some class: its name, and nothing else."""

    name: str


@dataclass(frozen=True)
class Storage:
    """A run of numbers in the file: the torch class that says their kind ("FloatStorage"), a key, and how many."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class Strided:
    """A tensor: a view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class Mark:
    """The mark on the stack."""


MARK = Mark()


def rebuild(name: Name, args: tuple[object, ...]) -> object:
    """Give a call its meaning; what has none here becomes an `Inert`."""
    match (name.module, name.name), args:
        case ("collections", "OrderedDict"), ():
            return {}
        case ("collections", "OrderedDict"), (list(pairs),):
            return to_dict(
                [part for pair in pairs if isinstance(pair, list | tuple) and len(pair) == 2 for part in pair]
            )
        case ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor"), (
            Storage() as storage,
            int(offset),
            tuple(shape),
            tuple(stride),
            *_,
        ):
            if all(type(n) is int and n >= 0 for n in (offset, *shape, *stride)) and len(shape) == len(stride) <= 8:
                return Strided(storage, offset, shape, stride)
            raise MachineError("it holds a tensor of an impossible shape")
        case ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state"), (Strided() as tensor, *_):
            return tensor
        case ("torch", "Size"), (list(sizes) | tuple(sizes),):
            return tuple(sizes)
        case ("builtins" | "__builtin__", "set"), (list(items),):
            return list(items)
        case _:
            return Inert(str(name))


@dataclass
class Machine:
    """The stack, what was put aside under a number, and how to make a storage of a persistent id."""

    storage: Callable[[object], Storage]
    stack: list[object] = field(default_factory=list)
    memo: dict[int, object] = field(default_factory=dict)

    def pop(self) -> object:
        """Take the top. Raises MachineError where there is none."""
        if not self.stack:
            raise MachineError("its program is broken: the stack is empty")
        return self.stack.pop()

    def top(self) -> object:
        """Look at the top."""
        if not self.stack:
            raise MachineError("its program is broken: the stack is empty")
        return self.stack[-1]

    def since_mark(self) -> list[object]:
        """Take everything above the last mark, and the mark."""
        for at in range(len(self.stack) - 1, -1, -1):
            if self.stack[at] is MARK:
                items = self.stack[at + 1 :]
                del self.stack[at:]
                return items
        raise MachineError("its program is broken: a mark is missing")

    def put(self, where: int) -> None:
        """Remember the top."""
        if len(self.memo) >= MOST_MEMOS:
            raise MachineError("it remembers more things than any file of weights does")
        self.memo[where] = self.top()

    def get(self, where: int) -> None:
        """Bring back what was remembered."""
        if where not in self.memo:
            raise MachineError(f"its program is broken: nothing is remembered under {where}")
        self.stack.append(self.memo[where])

    def call(self, args: object) -> None:
        """Replace the callable on the top by what it means with `args`."""
        callee = self.pop()
        if not isinstance(args, tuple):
            raise MachineError("its program is broken: arguments are not a tuple")
        self.stack.append(rebuild(callee, args) if isinstance(callee, Name) else Inert("an object"))

    def add_items(self, items: list[object]) -> None:
        """Set pairs in the dict on the top; other things take nothing."""
        target = self.top()
        if len(items) % 2:
            raise MachineError("its program is broken: a key has no value")
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                target[plain_key(key)] = value

    def extend(self, items: list[object]) -> None:
        """Add to the list on the top; other things take nothing."""
        target = self.top()
        if isinstance(target, list):
            target.extend(items)


def plain_key(key: object) -> object:
    """Return a dict's key, if it is of the kinds whose hash is cheap and certain."""
    if key is None or isinstance(key, bool | int | float | str | bytes):
        return key
    if isinstance(key, tuple) and all(part is None or isinstance(part, bool | int | float | str) for part in key):
        return key
    raise MachineError(f"it has a {type(key).__name__} for a key")


def to_dict(items: list[object]) -> dict[object, object]:
    """Make a dict of keys and values in turn."""
    if len(items) % 2:
        raise MachineError("its program is broken: a key has no value")
    return {plain_key(key): value for key, value in zip(items[::2], items[1::2], strict=True)}


def two_names(words: object) -> Name:
    """Make a name of GLOBAL's argument, "module name"."""
    module, _, name = str(words).partition(" ")
    return Name(module, name)


def run(file: BinaryIO, storage: Callable[[object], Storage]) -> object:
    """Run one pickle to its end, from where `file` stands, and return what is on its stack.

    `storage` makes a Storage of a persistent id. Raises MachineError, and only that, for whatever a file can hold.
    """
    machine = Machine(storage)
    try:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if step >= MOST_STEPS:
                raise MachineError(f"its program is longer than {MOST_STEPS} steps")
            if opcode.name == "STOP":
                return machine.pop()
            do(machine, opcode.name, argument)
    except (ValueError, OverflowError, MemoryError, RecursionError) as error:  # genops found no opcode or no argument
        raise MachineError(f"its program is broken: {str(error)[:100]}") from error
    raise MachineError("its program has no end")


def do(machine: Machine, opcode: str, argument: object) -> None:
    """Do one step."""
    stack = machine.stack
    match opcode:
        case "PROTO" | "FRAME":
            pass
        case "MARK":
            stack.append(MARK)
        case "POP":
            machine.pop()
        case "POP_MARK":
            machine.since_mark()
        case "DUP":
            stack.append(machine.top())
        case "NONE":
            stack.append(None)
        case "NEWTRUE":
            stack.append(True)
        case "NEWFALSE":
            stack.append(False)
        case "EMPTY_LIST":
            stack.append([])
        case "EMPTY_DICT":
            stack.append({})
        case "EMPTY_TUPLE":
            stack.append(())
        case "EMPTY_SET":
            stack.append([])
        case "LIST":
            stack.append(machine.since_mark())
        case "TUPLE":
            stack.append(tuple(machine.since_mark()))
        case "FROZENSET":
            stack.append(machine.since_mark())
        case "DICT":
            stack.append(to_dict(machine.since_mark()))
        case "TUPLE1" | "TUPLE2" | "TUPLE3":
            items = [machine.pop() for _ in range(int(opcode[-1]))]
            stack.append(tuple(reversed(items)))
        case "APPEND":
            item = machine.pop()
            machine.extend([item])
        case "APPENDS" | "ADDITEMS":
            items = machine.since_mark()
            machine.extend(items)
        case "SETITEM":
            value, key = machine.pop(), machine.pop()
            machine.add_items([key, value])
        case "SETITEMS":
            items = machine.since_mark()
            machine.add_items(items)
        case "PUT" | "BINPUT" | "LONG_BINPUT":
            machine.put(index(argument))
        case "MEMOIZE":
            machine.put(len(machine.memo))
        case "GET" | "BINGET" | "LONG_BINGET":
            machine.get(index(argument))
        case "GLOBAL":
            stack.append(two_names(argument))
        case "STACK_GLOBAL":
            name, module = machine.pop(), machine.pop()
            stack.append(Name(str(module)[:200], str(name)[:200]))
        case "EXT1" | "EXT2" | "EXT4":
            stack.append(Inert("an extension"))
        case "REDUCE" | "NEWOBJ":
            machine.call(machine.pop())
        case "NEWOBJ_EX":
            machine.pop()
            machine.call(machine.pop())
        case "OBJ" | "INST":
            machine.since_mark()
            stack.append(Inert("an object"))
        case "BUILD":
            machine.pop()
            machine.top()
        case "PERSID":
            stack.append(machine.storage(argument))
        case "BINPERSID":
            stack.append(machine.storage(machine.pop()))
        case "NEXT_BUFFER" | "READONLY_BUFFER":
            raise MachineError("it keeps its data outside the file")
        case _:  # numbers and texts in all their spellings: the argument is the value
            if not isinstance(argument, bool | int | float | str | bytes | bytearray):
                raise MachineError(f"it uses the unknown step {opcode}")
            stack.append(argument)


def index(argument: object) -> int:
    """Return a memo's number."""
    if not isinstance(argument, int):
        raise MachineError("its program is broken: a memo without a number")
    return argument
