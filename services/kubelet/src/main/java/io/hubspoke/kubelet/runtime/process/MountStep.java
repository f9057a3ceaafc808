package io.hubspoke.kubelet.runtime.process;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One thing that is put into a container's root. Targets are resolved inside that root, so that no
 * symbolic link in it leads out to the machine's files.
 */
interface MountStep {
  long MS_RDONLY = 1;
  long MS_NOSUID = 2;
  long MS_NODEV = 4;
  long MS_NOEXEC = 8;

  /** Does what needs the machine's files in sight. */
  default void prepare() throws ErrnoException {}

  /** Does the rest; the thread's root is the container's. */
  void apply() throws ErrnoException;

  /** Mounts a file or folder of the machine, with all that is mounted in it. */
  final class Bind implements MountStep {
    private static final long OPEN_TREE_CLONE = 1;
    private static final long AT_RECURSIVE = 0x8000;
    private static final long AT_EMPTY_PATH = 0x1000;
    private static final long MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final long MOVE_MOUNT_T_SYMLINKS = 0x10;
    private static final long AT_FDCWD = -100;

    private static final long RESOLVE_NO_SYMLINKS = 4;

    private final String source;
    private final String target;
    private final boolean directory;
    private final long attributes;
    private final boolean linksFollowed;
    private int tree = -1;

    /**
     * Makes a step.
     *
     * @param attributes {@code MS_} flags to set on it and all below
     */
    Bind(String source, String target, boolean directory, long attributes) {
      this(source, target, directory, attributes, true);
    }

    private Bind(
        String source, String target, boolean directory, long attributes, boolean linksFollowed) {
      this.linksFollowed = linksFollowed;
      this.source = source;
      this.target = target;
      this.directory = directory;
      this.attributes = attributes;
    }

    /**
     * Makes a step for a path that was looked at and found to be where it may be: should it lead
     * elsewhere by now, by a link that another container has put into its volume, it fails.
     */
    static Bind ofRealPath(String source, String target, boolean directory, long attributes) {
      return new Bind(source, target, directory, attributes, false);
    }

    @Override
    public void prepare() throws ErrnoException {
      int from = linksFollowed ? -1 : openReal();
      try (Arena arena = Arena.ofConfined()) {
        long result =
            Libc.tryCall(
                Libc.SYSCALL,
                Libc.SYS_OPEN_TREE,
                linksFollowed ? AT_FDCWD : from,
                Libc.string(arena, linksFollowed ? source : ""),
                OPEN_TREE_CLONE
                    | AT_RECURSIVE
                    | Libc.O_CLOEXEC
                    | (linksFollowed ? 0 : AT_EMPTY_PATH));
        if (result < 0) {
          throw Libc.failure("mount " + source, (int) -result);
        }
        tree = (int) result;
        setAttributes(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes);
      } finally {
        Fds.close(from);
      }
    }

    private int openReal() throws ErrnoException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment how = arena.allocate(24, 8);
        how.set(ValueLayout.JAVA_LONG, 0, Libc.O_PATH | Libc.O_CLOEXEC);
        how.set(ValueLayout.JAVA_LONG, 16, RESOLVE_NO_SYMLINKS);
        long result =
            Libc.tryCall(
                Libc.SYSCALL,
                Libc.SYS_OPENAT2,
                AT_FDCWD,
                Libc.string(arena, source),
                how.address(),
                24);
        if (result < 0) {
          throw Libc.failure("mount " + source, (int) -result);
        }
        return (int) result;
      }
    }

    @Override
    public void apply() throws ErrnoException {
      try (Arena arena = Arena.ofConfined()) {
        if (directory) {
          makeDirectories(target);
        } else {
          makeFile(target);
        }
        long result =
            Libc.tryCall(
                Libc.SYSCALL,
                Libc.SYS_MOVE_MOUNT,
                tree,
                Libc.string(arena, ""),
                AT_FDCWD,
                Libc.string(arena, target),
                MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS);
        if (result < 0) {
          throw Libc.failure("mount " + target, (int) -result);
        }
      } finally {
        Fds.close(tree);
      }
    }

    static void setAttributes(int at, String path, long flags, long attributes)
        throws ErrnoException {
      if (attributes == 0) {
        return;
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment change = arena.allocate(32, 8);
        // Their bits are those of mount(2) as far as they are used here.
        change.set(ValueLayout.JAVA_LONG, 0, attributes);
        Libc.call(
            Libc.SYSCALL,
            Libc.SYS_MOUNT_SETATTR,
            at,
            Libc.string(arena, path),
            flags,
            change.address(),
            32);
      }
    }
  }

  /** Mounts a file system of the kernel's. */
  record Special(String type, String target, long flags, String data) implements MountStep {
    @Override
    public void apply() throws ErrnoException {
      makeDirectories(target);
      mount(type, target, type, flags, data);
    }
  }

  /** Makes a symbolic link where nothing is. */
  record Link(String target, String path) implements MountStep {
    @Override
    public void apply() throws ErrnoException {
      try (Arena arena = Arena.ofConfined()) {
        long result =
            Libc.tryCall(Libc.SYMLINK, Libc.string(arena, target), Libc.string(arena, path));
        if (result < 0 && result != -Libc.EEXIST) {
          throw Libc.failure("symlink " + path, (int) -result);
        }
      }
    }
  }

  /** Makes a folder where none is. */
  record Folder(String path) implements MountStep {
    @Override
    public void apply() throws ErrnoException {
      makeDirectories(path);
    }
  }

  /** Mounts. */
  static void mount(String source, String target, String type, long flags, String data)
      throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      long result =
          Libc.tryCall(
              Libc.MOUNT,
              Libc.string(arena, source),
              Libc.string(arena, target),
              type == null ? 0 : Libc.string(arena, type),
              flags,
              data == null ? 0 : Libc.string(arena, data));
      if (result < 0) {
        throw Libc.failure("mount " + target, (int) -result);
      }
    }
  }

  /** Makes a folder and those above it, where they are not there. */
  static void makeDirectories(String path) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      for (int i = path.indexOf('/', 1); i >= 0; i = path.indexOf('/', i + 1)) {
        Libc.tryCall(Libc.MKDIR, Libc.string(arena, path.substring(0, i)), 0755);
      }
      long result = Libc.tryCall(Libc.MKDIR, Libc.string(arena, path), 0755);
      if (result < 0 && result != -Libc.EEXIST) {
        throw Libc.failure("mkdir " + path, (int) -result);
      }
    }
  }

  private static void makeFile(String path) throws ErrnoException {
    int slash = path.lastIndexOf('/');
    if (slash > 0) {
      makeDirectories(path.substring(0, slash));
    }
    // What is there already need not be opened: it may be a device or on a read-only file system.
    try (Arena arena = Arena.ofConfined()) {
      if (Libc.tryCall(Libc.ACCESS, Libc.string(arena, path), 0) < 0) {
        // Not for writing: a process that starts just now has a copy of what is open until its own
        // program runs, and a root with a writer can't be made read-only.
        Fds.close(Fds.open(path, Libc.O_RDONLY | Libc.O_CREAT));
      }
    }
  }
}
