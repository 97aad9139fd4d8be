# Writes or reads a runtime's auth file on a device whose executor only runs commands it is given.
#
# Handed over as `python3 -I -c <this text> write|read`; everything else comes in WEGENT_RUNTIME_CONFIG_* variables. Prints
# one JSON line. Exit codes: 0, 64 bad request, 66 no such file, 74 reading or writing failed. Python 3.8 or newer, standard
# library only, ASCII only. The same rules as in agent/: paths stay inside the home directory, links are never followed on
# the way down, a file that exists is never touched, and the file is complete or not there at all.
import errno
import json
import os
import re
import stat
import sys

PREFIX = b"WEGENT_RUNTIME_CONFIG_"
MAX_READ_BYTES = 1048576
MAX_PARTS = 128
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
STALE = re.compile(rb"\A\.runtimeconfig-[0-9a-f]{16}\.tmp\Z")
INSIDE = "target path must be inside the user home directory"
STAY_INSIDE = "target path must stay inside the user home directory"


class Failure(Exception):
    def __init__(self, code, text):
        Exception.__init__(self, text)
        self.code = code
        self.text = text


def env(name):
    return os.environb.get(PREFIX + name)


def shown(value):
    return value.decode("utf-8", "replace")


def reason(error):
    text = os.strerror(error.errno) if error.errno else type(error).__name__
    return text[:1].lower() + text[1:]


# Python takes NaN and Infinity for JSON; nobody else does.
def refuse_constant(name):
    raise ValueError("%s is not a JSON value" % name)


# The texts of JSONDecodeError name a position, never the content itself.
def require_object(data, what):
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=refuse_constant)
    except UnicodeDecodeError:
        raise Failure(64, what + " is not valid JSON: not UTF-8 text")
    except json.JSONDecodeError as error:
        raise Failure(64, "%s is not valid JSON: %s" % (what, error))
    except RecursionError:
        raise Failure(64, what + " is not valid JSON: nested too deep")
    except ValueError:
        raise Failure(64, what + " is not valid JSON: a number is not valid")
    if not isinstance(value, dict):
        raise Failure(64, what + " must be a JSON object")


def content():
    count = env(b"CONTENT_PARTS")
    if count is None:
        data = env(b"CONTENT") or b""
    else:
        data = joined(count)
    if not data.strip():
        raise Failure(64, "runtime config content is required")
    require_object(data, "runtime config content")
    return data if data.endswith(b"\n") else data + b"\n"


def joined(count):
    if not re.match(rb"\A[1-9][0-9]{0,2}\Z", count) or int(count) > MAX_PARTS:
        raise Failure(64, "runtime config content parts must be a number from 1 to %d" % MAX_PARTS)
    parts = [env(b"CONTENT_%d" % index) for index in range(int(count))]
    if None in parts:
        message = "runtime config content part %d of %d is missing"
        raise Failure(64, message % (parts.index(None), int(count)))
    return b"".join(parts)


def home_folder():
    home = os.environb.get(b"HOME") or b""
    if not home.startswith(b"/"):
        import pwd

        home = os.fsencode(pwd.getpwuid(os.getuid()).pw_dir)
    return os.path.realpath(home)


def target_parts(target):
    if not target.startswith(b"~/"):
        raise Failure(64, INSIDE)
    parts = [part for part in target[2:].split(b"/") if part not in (b"", b".")]
    if not parts:
        raise Failure(64, INSIDE)
    if b".." in parts:
        raise Failure(64, STAY_INSIDE)
    if len(target) > 4096 or max(map(len, parts)) > 255:
        raise Failure(64, "target path is too long")
    return parts


# The folder as it is written (links unresolved), and the name in it. The CLI's own variable moves the folder.
def locate(home, target, answer):
    parts = target_parts(target)
    variable = env(b"HOME_VARIABLE") or b""
    if variable and not re.match(rb"\A[A-Za-z_][A-Za-z0-9_]{0,99}\Z", variable):
        raise Failure(64, "home variable is not a name of an environment variable")
    moved = os.environb.get(variable, b"") if variable else b""
    if not moved:
        answer.update(path="~/" + shown(b"/".join(parts)))
        return os.path.join(home, *parts[:-1]), parts[-1]
    if not moved.startswith(b"/"):
        raise Failure(64, shown(variable) + " must be an absolute path")
    answer.update(path="~/" + shown(b"/".join(inside(home, moved) + parts[-1:])))
    return moved, parts[-1]


# The path below the home directory once all links are resolved.
def inside(home, path):
    real = os.path.realpath(path)
    if real == home:
        return []
    if not real.startswith(home.rstrip(b"/") + b"/"):
        raise Failure(64, STAY_INSIDE)
    refuse_broken_links(path)
    return [part for part in real[len(home) :].split(b"/") if part]


# A folder that links to nowhere is mostly a volume that is not mounted: nothing may be made in its place.
def refuse_broken_links(path):
    prefix = b"/"
    for part in path.split(b"/"):
        prefix = os.path.join(prefix, part)
        if os.path.islink(prefix) and not os.path.exists(prefix):
            raise Failure(74, "a folder of the target path is a broken link")


# Goes down one name at a time from a handle, so that a folder swapped for a link in between is noticed.
def open_folder(home, parts, create):
    handle = os.open(home, FOLDER)
    try:
        for part in parts:
            below = open_below(handle, part, create)
            os.close(handle)
            handle = below
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_below(handle, part, create):
    try:
        return os.open(part, FOLDER, dir_fd=handle)
    except FileNotFoundError:
        if not create:
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and is_link(handle, part):
            raise Failure(64, STAY_INSIDE)
        raise
    return make_below(handle, part)


def make_below(handle, part):
    try:
        os.mkdir(part, 0o700, dir_fd=handle)
    except FileExistsError:
        return open_below(handle, part, False)
    below = open_below(handle, part, False)
    try:
        os.fchmod(below, 0o700)
        sync_folder(handle)
    except BaseException:
        os.close(below)
        raise
    return below


def is_link(handle, name):
    return stat.S_ISLNK(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode)


def exists(handle, name):
    try:
        os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


# Some file systems cannot sync a folder; there is nothing better to do on them.
def sync_folder(handle):
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


# What a writer that was killed left behind.
def sweep(handle):
    for name in os.listdir(handle):
        raw = os.fsencode(name)
        if STALE.match(raw) and stat.S_ISREG(os.stat(raw, dir_fd=handle, follow_symlinks=False).st_mode):
            remove(handle, raw)


def remove(handle, name):
    try:
        os.unlink(name, dir_fd=handle)
    except FileNotFoundError:
        pass


def write_temporary(handle, name, data):
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(name, flags, 0o600, dir_fd=handle)
    try:
        os.fchmod(file, 0o600)
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)


# The link fails if the name appeared meanwhile: a file that exists is never replaced.
def put(handle, name, data):
    temporary = b".runtimeconfig-%s.tmp" % os.urandom(8).hex().encode()
    try:
        write_temporary(handle, temporary, data)
        link(handle, temporary, name)
    except FileExistsError:
        return "skipped_existing"
    finally:
        remove(handle, temporary)
    sync_folder(handle)
    return "written"


def link(handle, temporary, name):
    try:
        os.link(temporary, name, src_dir_fd=handle, dst_dir_fd=handle, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise Failure(74, "failed to write runtime auth file: the file system has no hard links")
        raise


def write(home, folder, name):
    data = content()
    try:
        handle = open_folder(home, inside(home, folder), True)
        try:
            sweep(handle)
            if exists(handle, name):
                return {"status": "skipped_existing"}
            return {"status": put_twice(handle, name, data)}
        finally:
            os.close(handle)
    except OSError as error:
        raise Failure(*write_failure(error))


# Another writer's clean-up may take the temporary file away once.
def put_twice(handle, name, data):
    try:
        return put(handle, name, data)
    except FileNotFoundError:
        return put(handle, name, data)


def write_failure(error):
    if error.errno == errno.ENAMETOOLONG:
        return 64, "target path is too long"
    return 74, "failed to write runtime auth file: " + reason(error)


def read(home, folder, name):
    path = os.path.join(folder, name)
    try:
        if os.path.islink(path) and not os.path.exists(path):
            inside(home, os.path.dirname(os.path.realpath(path)))
            raise FileNotFoundError()
        parts = inside(home, path)
        if not parts:
            raise IsADirectoryError(errno.EISDIR, "")
        handle = open_folder(home, parts[:-1], False)
        try:
            data = read_file(handle, parts[-1])
        finally:
            os.close(handle)
    except (FileNotFoundError, NotADirectoryError):
        raise Failure(66, "runtime auth file does not exist")
    except OSError as error:
        raise Failure(74, "failed to read runtime auth file: " + reason(error))
    require_object(data, "runtime auth file")
    return {"status": "read", "content": data.decode("utf-8")}


def read_file(handle, name):
    # Without O_NONBLOCK a named pipe would keep the command waiting for ever.
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise Failure(74, "failed to read runtime auth file: not a regular file")
        data = read_all(file)
    finally:
        os.close(file)
    if len(data) > MAX_READ_BYTES:
        raise Failure(74, "failed to read runtime auth file: larger than %d bytes" % MAX_READ_BYTES)
    return data


def read_all(file):
    data = b""
    while len(data) <= MAX_READ_BYTES:
        chunk = os.read(file, 65536)
        if not chunk:
            break
        data += chunk
    return data


def run(action, answer):
    runtime = shown(env(b"RUNTIME") or b"").strip()
    if not runtime:
        raise Failure(64, "runtime is required")
    target = env(b"TARGET_PATH") or b""
    answer.update(runtime=runtime, path=shown(target))
    home = home_folder()
    folder, name = locate(home, target, answer)
    answer.update((write if action == "write" else read)(home, folder, name))


def main():
    answer = {"status": "failed", "runtime": None, "path": None}
    code = 0
    try:
        run(sys.argv[1], answer)
    except Failure as failure:
        code = failure.code
        answer["error"] = failure.text
    except Exception as error:
        # Only the kind: the text of an unforeseen error may quote what must not be printed.
        code = 74
        answer["error"] = "unexpected %s" % type(error).__name__
    line = json.dumps(answer, ensure_ascii=False) + "\n"
    sys.stdout.buffer.write(line.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    sys.exit(code)


main()
