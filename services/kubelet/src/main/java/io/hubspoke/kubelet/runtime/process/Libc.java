package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * Functions of the C library that Java has no words for. Every argument travels as a 64-bit number,
 * as the calling conventions of amd64 and arm64 permit. All are linked when the class is
 * initialised: a thread that has changed its root could load nothing more.
 */
@SuppressWarnings("restricted")
final class Libc {
  static final boolean LINUX = System.getProperty("os.name").equals("Linux");
  private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int ENXIO = 6;
  static final int EAGAIN = LINUX ? 11 : 35;
  static final int EEXIST = 17;
  static final int EINPROGRESS = LINUX ? 115 : 36;

  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_CREAT = LINUX ? 0100 : 0x200;
  static final int O_NOCTTY = LINUX ? 0400 : 0x20000;
  static final int O_NONBLOCK = LINUX ? 04000 : 4;
  static final int O_DIRECTORY = ARM ? 040000 : 0200000;
  static final int O_CLOEXEC = LINUX ? 02000000 : 0x1000000;
  static final int O_PATH = 010000000;

  static final int SIGKILL = 9;
  static final int SIGTERM = 15;
  static final int WNOHANG = 1;

  // Numbers of calls that the library does not wrap. From 424 on they are the same everywhere.
  static final long SYS_PIVOT_ROOT = ARM ? 41 : 155;
  static final long SYS_SETGROUPS = ARM ? 159 : 116;
  static final long SYS_SETRESUID = ARM ? 147 : 117;
  static final long SYS_SETRESGID = ARM ? 149 : 119;
  static final long SYS_GETTID = ARM ? 178 : 186;
  static final long SYS_KEYCTL = ARM ? 219 : 250;
  static final long SYS_OPEN_TREE = 428;
  static final long SYS_MOVE_MOUNT = 429;
  static final long SYS_PIDFD_OPEN = 434;
  static final long SYS_OPENAT2 = 437;
  static final long SYS_MOUNT_SETATTR = 442;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final FunctionDescriptor[] SHAPES = shapes();

  static final Call OPEN = variadic("open", 3, 2);
  static final Call CLOSE = fixed("close", 1);
  static final Call READ = fixed("read", 3);
  static final Call WRITE = fixed("write", 3);
  static final Call PIPE = fixed("pipe", 1);
  static final Call PIPE2 = fixed("pipe2", 2);
  static final Call FCNTL = variadic("fcntl", 3, 2);
  static final Call IOCTL = variadic("ioctl", 3, 2);
  static final Call POLL = fixed("poll", 3);
  static final Call KILL = fixed("kill", 2);
  static final Call WAITPID = fixed("waitpid", 3);
  static final Call GETEUID = fixed("geteuid", 0);
  static final Call GETEGID = fixed("getegid", 0);
  static final Call CHOWN = fixed("chown", 3);
  static final Call FCHOWN = fixed("fchown", 3);
  static final Call ACCESS = fixed("access", 2);
  static final Call MKDIR = fixed("mkdir", 2);
  static final Call SYMLINK = fixed("symlink", 2);
  static final Call MKFIFO = fixed("mkfifo", 2);
  static final Call UMASK = fixed("umask", 1);
  static final Call CHROOT = fixed("chroot", 1);
  static final Call CHDIR = fixed("chdir", 1);
  static final Call FCHDIR = fixed("fchdir", 1);
  static final Call SOCKET = fixed("socket", 3);
  static final Call CONNECT = fixed("connect", 3);
  static final Call BIND = fixed("bind", 3);
  static final Call LISTEN = fixed("listen", 2);
  static final Call ACCEPT = fixed("accept", 3);
  static final Call SHUTDOWN = fixed("shutdown", 2);
  static final Call UNSHARE = fixed("unshare", 1);
  static final Call SETNS = fixed("setns", 2);
  static final Call MOUNT = fixed("mount", 5);
  static final Call UMOUNT2 = fixed("umount2", 2);
  static final Call SETHOSTNAME = fixed("sethostname", 2);
  static final Call PRCTL = variadic("prctl", 5, 1);
  static final Call SYSCALL = variadic("syscall", 6, 1);
  static final Call SPAWN = fixed("posix_spawn", 6);
  static final Call SPAWN_ATTR_INIT = fixed("posix_spawnattr_init", 1);
  static final Call SPAWN_ATTR_FLAGS = fixed("posix_spawnattr_setflags", 2);
  static final Call SPAWN_ATTR_SIGDEFAULT = fixed("posix_spawnattr_setsigdefault", 2);
  static final Call SPAWN_ATTR_SIGMASK = fixed("posix_spawnattr_setsigmask", 2);
  static final Call SPAWN_ATTR_DESTROY = fixed("posix_spawnattr_destroy", 1);
  static final Call SPAWN_ACTIONS_INIT = fixed("posix_spawn_file_actions_init", 1);
  static final Call SPAWN_ACTIONS_DESTROY = fixed("posix_spawn_file_actions_destroy", 1);
  static final Call SPAWN_DUP2 = fixed("posix_spawn_file_actions_adddup2", 3);
  static final Call SPAWN_OPEN = fixed("posix_spawn_file_actions_addopen", 5);
  static final Call SPAWN_CHDIR = fixed("posix_spawn_file_actions_addchdir_np", 2);
  static final Call SPAWN_CLOSE_FROM = fixed("posix_spawn_file_actions_addclosefrom_np", 2);
  static final Call SIGFILLSET = fixed("sigfillset", 1);
  static final Call SIGEMPTYSET = fixed("sigemptyset", 1);
  private static final MethodHandle STRERROR =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("strerror"),
          FunctionDescriptor.of(
              ADDRESS.withTargetLayout(MemoryLayout.sequenceLayout(256, JAVA_BYTE)), JAVA_INT));

  static {
    // Whatever an error needs is loaded now.
    if (failure("warm-up", ENOENT).getMessage().isEmpty()) {
      throw new AssertionError();
    }
  }

  private Libc() {}

  /** A function, and what to call it when it fails; its handle is null where it does not exist. */
  record Call(String name, int arguments, MethodHandle handle) {
    boolean exists() {
      return handle != null;
    }
  }

  /** Calls; returns what the function does. A failure, told by -1, throws. */
  static long call(Call function, long... arguments) throws ErrnoException {
    long result = tryCall(function, arguments);
    if (result < 0) {
      throw failure(function.name, (int) -result);
    }
    return result;
  }

  /** Calls; returns what the function does, or its error number made negative. */
  static long tryCall(Call function, long... arguments) {
    if (function.handle == null) {
      return -38; // ENOSYS
    }
    long[] a = arguments;
    if (a.length < function.arguments) {
      a = Arrays.copyOf(arguments, function.arguments);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      MethodHandle h = function.handle;
      long result =
          switch (function.arguments) {
            case 0 -> (long) h.invokeExact(state);
            case 1 -> (long) h.invokeExact(state, a[0]);
            case 2 -> (long) h.invokeExact(state, a[0], a[1]);
            case 3 -> (long) h.invokeExact(state, a[0], a[1], a[2]);
            case 5 -> (long) h.invokeExact(state, a[0], a[1], a[2], a[3], a[4]);
            case 6 -> (long) h.invokeExact(state, a[0], a[1], a[2], a[3], a[4], a[5]);
            default -> throw new IllegalArgumentException(function.name);
          };
      // Most return an int; the upper half is then undefined.
      return (int) result == -1 ? -(int) ERRNO.get(state, 0L) : (int) result;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Returns the exception of an error number. */
  static ErrnoException failure(String what, int errno) {
    return new ErrnoException(what, text(errno));
  }

  /** Returns an error's text as Go programs write it: {@code no such file or directory}. */
  static String text(int errno) {
    try {
      MemorySegment text = (MemorySegment) STRERROR.invokeExact(errno);
      String words = text.getString(0);
      return words.substring(0, 1).toLowerCase(Locale.ROOT) + words.substring(1);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Returns the address of a string's bytes with an end. */
  static long string(Arena arena, String text) {
    return arena.allocateFrom(text, StandardCharsets.UTF_8).address();
  }

  /** Returns the address of an array of strings that a null pointer ends. */
  static long strings(Arena arena, Iterable<String> texts) {
    int count = 0;
    for (String ignored : texts) {
      count++;
    }
    MemorySegment array = arena.allocate(JAVA_LONG, count + 1L);
    int i = 0;
    for (String text : texts) {
      array.setAtIndex(JAVA_LONG, i++, string(arena, text));
    }
    return array.address();
  }

  private static FunctionDescriptor[] shapes() {
    FunctionDescriptor[] shapes = new FunctionDescriptor[7];
    for (int i = 0; i < shapes.length; i++) {
      MemoryLayout[] arguments = new MemoryLayout[i];
      Arrays.fill(arguments, JAVA_LONG);
      shapes[i] = FunctionDescriptor.of(JAVA_LONG, arguments);
    }
    return shapes;
  }

  private static Call fixed(String name, int arguments) {
    return link(name, arguments, Linker.Option.captureCallState("errno"));
  }

  private static Call variadic(String name, int arguments, int from) {
    return link(
        name,
        arguments,
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(from));
  }

  private static Call link(String name, int arguments, Linker.Option... options) {
    return new Call(
        name,
        arguments,
        LINKER
            .defaultLookup()
            .find(name)
            .map(address -> LINKER.downcallHandle(address, SHAPES[arguments], options))
            .orElse(null));
  }
}
