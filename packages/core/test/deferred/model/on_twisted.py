"""Runs programs (see program.ts), one a line in JSON, on Twisted's Deferred, and prints what could be seen of each."""
import json
import sys
import warnings

from twisted.internet import defer
from twisted.python.failure import Failure

warnings.simplefilter("ignore")
defer.DebugInfo.__del__ = lambda self: None


class Thrown(Exception):
    pass


def code(error):
    if isinstance(error, defer.CancelledError):
        return "ERR_CANCELLED"
    if isinstance(error, defer.AlreadyCalledError):
        return "ERR_ALREADY_CALLED"
    return error.args[0] if isinstance(error, Thrown) else repr(error)


def show(result):
    if isinstance(result, Failure):
        return '{"error":"%s"}' % code(result.value)
    return "{}" if result is None else '{"value":%s}' % json.dumps(result)


def trace(program):
    lines, deferreds, pauses, labels = [], [], [0] * 4, iter(range(10**6))

    def step(one):
        op, which = one["op"], one["which"]
        deferred = deferreds[which]
        try:
            if op == "callback":
                deferred.callback(next(labels))
            elif op == "errback":
                deferred.errback(Thrown("e%d" % next(labels)))
            elif op == "add":
                label = next(labels)
                callback = handler("cb%d" % label, one.get("onValue"))
                errback = handler("eb%d" % label, one.get("onFailure"))
                if callback or errback:
                    deferred.addCallbacks(callback or (lambda x: x), errback or (lambda x: x))
            elif op == "unpause" and pauses[which] == 0:
                raise Thrown("ERR_NOT_PAUSED")
            else:
                pauses[which] += {"pause": 1, "unpause": -1}.get(op, 0)
                getattr(deferred, op)()
        except Exception as error:
            lines.append("%s %d threw %s" % (op, which, code(error)))

    def handler(label, action):
        def run(result):
            lines.append("%s %s" % (label, show(result)))
            do = action["do"]
            if do == "same":
                return result
            if do == "throw":
                raise Thrown(label + " threw")
            if do == "failure":
                return Failure(Thrown(label + " returned"))
            if do == "return":
                return deferreds[action["which"]]
            if do == "then":
                step(action["step"])
                lines.append(label + " ends")
            return action["value"]

        return run if action else None

    def canceller(which, does):
        def run(_):
            lines.append("canceller %d" % which)
            if does in ("callback", "errback"):
                step({"op": does, "which": which})
            elif isinstance(does, int):
                step({"op": "cancel", "which": does})

        return None if does == "none" else run

    for which, does in enumerate(program["cancellers"]):
        deferreds.append(defer.Deferred(canceller(which, does)))
    for one in program["steps"]:
        lines.append("step")
        step(one)
    for deferred in deferreds:
        waits = not deferred.called or isinstance(getattr(deferred, "result", None), defer.Deferred)
        lines.append("pending" if waits else show(getattr(deferred, "result", None)))
    return lines


for line in sys.stdin:
    try:
        print(json.dumps(trace(json.loads(line))))
    except RecursionError:  # a ring
        print("[]")
