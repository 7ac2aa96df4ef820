"""Queues and stacks.

Called as functions these give new ones and leave their arguments alone. The methods
`enqueue`, `push` and `clear` change theirs and give it back; `dequeue` and `pop` change it
and give the element.
"""

from __future__ import annotations

from typing import Any, TypeVar

from hocket import errors
from hocket.runtime.queues import Line, Queue, Stack
from hocket.runtime.registry import builtin, method
from hocket.stdlib.collections import elements

L = TypeVar("L", bound=Line)


def _of(kind: type[L], x: Any) -> L:
    """Return `x`; raises Python's TypeError unless it is of `kind`."""
    if not isinstance(x, kind):
        raise TypeError(f"expected a {kind.name}")
    return x


@builtin
def Queue_(a: list[Any] | None = None) -> Queue:
    """Return a queue of the elements of `a`, the first one at the front; an empty one without `a`.

    ```
    let q := Queue([1, 2])
    q.enqueue(3)
    print(q.dequeue(), q.peek(), q.size(), q)  # expect: 1 2 2 <queue 2>
    for x in q { print(x) }
    # expect: 2
    # expect: 3
    ```
    """
    return Queue(() if a is None else elements(a))


@builtin
def queue_enqueue(q: Queue, x: Any) -> Queue:
    """Return a new queue: `q` and then `x`. The method `q.enqueue(x)` changes `q`.

    ```
    print(queue_to_array(queue_enqueue(Queue([1]), 2)))  # expect: [1, 2]
    ```
    """
    made = _of(Queue, q).copy()
    made.items.append(x)
    return made


@builtin
def queue_dequeue(q: Queue) -> list[Any]:
    """Return `[rest, first element]`, `[empty queue, null]` for an empty one. The method `q.dequeue()` changes `q`.

    ```
    [rest, first] := queue_dequeue(Queue(["a", "b"]))
    print(rest.to_array(), first)  # expect: [b] a
    ```
    """
    made = _of(Queue, q).copy()
    return [made, made.items.popleft() if made.items else None]


@builtin
def queue_peek(q: Queue) -> Any:
    """Return the element at the front, null if there is none.

    ```
    print(queue_peek(Queue([1, 2])), queue_peek(Queue()))  # expect: 1 null
    ```
    """
    return _of(Queue, q).items[0] if _of(Queue, q).items else None


@builtin
def queue_size(q: Queue) -> int:
    """Return the number of elements of `q`.

    ```
    print(queue_size(Queue([1, 2])))  # expect: 2
    ```
    """
    return len(_of(Queue, q))


@builtin
def queue_is_empty(q: Queue) -> bool:
    """Return whether `q` has no element.

    ```
    print(queue_is_empty(Queue()), queue_is_empty(Queue([1])))  # expect: true false
    ```
    """
    return not _of(Queue, q).items


@builtin
def queue_to_array(q: Queue) -> list[Any]:
    """Return the elements of `q` as an array, the front first.

    ```
    print(queue_to_array(Queue([1, 2])))  # expect: [1, 2]
    ```
    """
    return list(_of(Queue, q))


@builtin
def Stack_(a: list[Any] | None = None) -> Stack:
    """Return a stack of the elements of `a`, the last one at the top; an empty one without `a`.

    ```
    let s := Stack([1, 2])
    s.push(3)
    print(s.pop(), s.peek(), s.to_array(), s)  # expect: 3 2 [1, 2] <stack 2>
    ```
    """
    return Stack(() if a is None else elements(a))


@builtin
def stack_push(s: Stack, x: Any) -> Stack:
    """Return a new stack: `s` and `x` on top. The method `s.push(x)` changes `s`.

    ```
    print(stack_to_array(stack_push(Stack([1]), 2)))  # expect: [1, 2]
    ```
    """
    made = _of(Stack, s).copy()
    made.items.append(x)
    return made


@builtin
def stack_pop(s: Stack) -> list[Any]:
    """Return `[rest, top element]`, `[empty stack, null]` for an empty one. The method `s.pop()` changes `s`.

    ```
    [rest, top] := stack_pop(Stack([1, 2]))
    print(stack_to_array(rest), top)  # expect: [1] 2
    ```
    """
    made = _of(Stack, s).copy()
    return [made, made.items.pop() if made.items else None]


@builtin
def stack_peek(s: Stack) -> Any:
    """Return the element at the top, null if there is none.

    ```
    print(stack_peek(Stack([1, 2])), stack_peek(Stack()))  # expect: 2 null
    ```
    """
    return _of(Stack, s).items[-1] if _of(Stack, s).items else None


@builtin
def stack_size(s: Stack) -> int:
    """Return the number of elements of `s`.

    ```
    print(stack_size(Stack([1, 2])))  # expect: 2
    ```
    """
    return len(_of(Stack, s))


@builtin
def stack_is_empty(s: Stack) -> bool:
    """Return whether `s` has no element.

    ```
    print(stack_is_empty(Stack()), stack_is_empty(Stack([1])))  # expect: true false
    ```
    """
    return not _of(Stack, s).items


@builtin
def stack_to_array(s: Stack) -> list[Any]:
    """Return the elements of `s` as an array, the top last.

    ```
    print(stack_to_array(Stack([1, 2])))  # expect: [1, 2]
    ```
    """
    return list(_of(Stack, s))


@method(Queue)
def enqueue(q: Queue, x: Any) -> Queue:
    """Put `x` at the end of the queue and return the queue.

    ```
    print(Queue().enqueue(1).enqueue(2).to_array())  # expect: [1, 2]
    ```
    """
    q.items.append(x)
    return q


@method(Queue)
def dequeue(q: Queue) -> Any:
    """Take the element at the front out of the queue and return it.

    Raises IndexError when there is none.

    ```
    Queue().dequeue()  # error: dequeue() from an empty queue
    ```
    """
    if not q.items:
        raise errors.IndexError("dequeue() from an empty queue")
    return q.items.popleft()


@method(Stack)
def push(s: Stack, x: Any) -> Stack:
    """Put `x` on top of the stack and return the stack.

    ```
    print(Stack([1]).push(2).to_array())  # expect: [1, 2]
    ```
    """
    s.items.append(x)
    return s


@method(Stack)
def pop(s: Stack) -> Any:
    """Take the element at the top off the stack and return it.

    Raises IndexError when there is none.

    ```
    let s := Stack([1, 2])
    print(s.pop(), s.to_array())  # expect: 2 [1]
    ```
    """
    if not s.items:
        raise errors.IndexError("pop() from an empty stack")
    return s.items.pop()


@method(Queue)
def peek(q: Queue) -> Any:
    """Return the element at the front, null if there is none.

    ```
    print(Queue([1, 2]).peek())  # expect: 1
    ```
    """
    return queue_peek(q)


@method(Stack)
def peek_(s: Stack) -> Any:
    """Return the element at the top, null if there is none.

    ```
    print(Stack([1, 2]).peek(), Stack().peek())  # expect: 2 null
    ```
    """
    return stack_peek(s)


@method(Queue, Stack)
def size(x: Queue | Stack) -> int:
    """Return the number of elements.

    ```
    print(Queue([1, 2]).size(), Stack().size())  # expect: 2 0
    ```
    """
    return len(x)


@method(Queue, Stack)
def to_array(x: Queue | Stack) -> list[Any]:
    """Return the elements as an array, in the order in which they were put in.

    ```
    print(Queue([1, 2]).to_array(), Stack([1, 2]).to_array())  # expect: [1, 2] [1, 2]
    ```
    """
    return list(x)
