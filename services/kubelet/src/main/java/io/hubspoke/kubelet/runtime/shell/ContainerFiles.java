package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a container sees as files: its mounts, and otherwise a small tree in memory. Paths are
 * absolute and without dots. Nothing outside a mount's own directory is reached through it, by
 * whatever links.
 */
final class ContainerFiles {
  /** Bytes that a container keeps in memory at most. */
  static final int MEMORY = 16 << 20;

  private static final int BLOCK = 1 << 16;
  private static final int MOST_NAMES = 10_000;
  private static final int MOST_OPEN = 256;

  /** As on Linux: PATH_MAX and NAME_MAX. */
  private static final int MAX_PATH = 4096;

  private static final int MAX_NAME = 255;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final List<Mount> mounts;
  private final NavigableMap<String, Buffer> memory = new TreeMap<>();
  private final Set<String> directories = new TreeSet<>();
  private final Semaphore open = new Semaphore(MOST_OPEN);
  private int used;

  /**
   * @param system files there are besides, by path
   */
  ContainerFiles(List<Mount> mounts, Map<String, String> system) {
    this.mounts =
        mounts.stream()
            .sorted(Comparator.comparingInt((Mount m) -> m.containerPath().length()).reversed())
            .toList();
    directories.addAll(List.of("/", "/tmp", "/etc", "/dev", "/root"));
    for (Mount mount : mounts) {
      addParents(absolute("/", mount.containerPath()));
    }
    system.forEach(
        (path, content) -> {
          addParents(path);
          memory.put(path, Buffer.buffer(content));
        });
  }

  private void addParents(String path) {
    for (String at = parent(path); !at.equals("/"); at = parent(at)) {
      directories.add(at);
    }
  }

  /** Returns a path that begins at the root, with dots and double slashes resolved. */
  static String absolute(String directory, String path) {
    List<String> parts = new ArrayList<>();
    for (String part : (path.startsWith("/") ? path : directory + "/" + path).split("/", -1)) {
      switch (part) {
        case "", "." -> {}
        case ".." -> {
          if (!parts.isEmpty()) {
            parts.removeLast();
          }
        }
        default -> parts.add(part);
      }
    }
    return "/" + String.join("/", parts);
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash <= 0 ? "/" : path.substring(0, slash);
  }

  static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** What there is at a path. */
  record Entry(String name, boolean directory, long size) {}

  /** Returns what is at the path; fails when there is nothing. */
  Entry stat(String path) throws IOException {
    Path host = host(path);
    if (host != null) {
      return new Entry(name(path), Files.isDirectory(host), Files.size(host));
    }
    synchronized (this) {
      Buffer file = memory.get(path);
      if (file != null) {
        return new Entry(name(path), false, file.length());
      }
      if (directories.contains(path)) {
        return new Entry(name(path), true, 4096);
      }
    }
    if (device(path) != null) {
      return new Entry(name(path), false, 0);
    }
    throw new IOException("No such file or directory");
  }

  /** Returns the names in a directory, in order. */
  List<Entry> list(String path) throws IOException {
    if (!stat(path).directory()) {
      throw new IOException("Not a directory");
    }
    Map<String, Entry> found = new TreeMap<>();
    Path host = host(path);
    if (host != null) {
      try (var names = Files.newDirectoryStream(host)) {
        for (Path one : names) {
          String name = one.getFileName().toString();
          found.put(name, entry(path, name));
        }
      }
    } else {
      synchronized (this) {
        for (String one : memory.keySet()) {
          if (parent(one).equals(path)) {
            found.put(name(one), new Entry(name(one), false, memory.get(one).length()));
          }
        }
        for (String one : directories) {
          if (!one.equals("/") && parent(one).equals(path)) {
            found.put(name(one), new Entry(name(one), true, 4096));
          }
        }
      }
      if (path.equals("/dev")) {
        for (String device : List.of("null", "urandom", "zero")) {
          found.put(device, new Entry(device, false, 0));
        }
      }
    }
    for (Mount mount : mounts) {
      String at = absolute("/", mount.containerPath());
      if (!at.equals("/") && parent(at).equals(path)) {
        found.put(name(at), entry(path, name(at)));
      }
    }
    return List.copyOf(found.values());
  }

  /** Tells of a name also when what it links to can't be reached. */
  private Entry entry(String directory, String name) {
    try {
      Entry entry = stat(absolute(directory, name));
      return new Entry(name, entry.directory(), entry.size());
    } catch (IOException e) {
      return new Entry(name, false, 0);
    }
  }

  ByteSource open(String path) throws IOException {
    ByteSource device = device(path);
    if (device != null) {
      return device;
    }
    if (stat(path).directory()) {
      throw new IOException("Is a directory");
    }
    Path host = host(path);
    if (host != null) {
      return opened(host);
    }
    synchronized (this) {
      Buffer content = memory.get(path);
      if (content == null) {
        throw new IOException("No such file or directory");
      }
      return inMemory(content);
    }
  }

  /** Reads what the file has now, a block at a time: many may read a large one at once. */
  private ByteSource inMemory(Buffer content) {
    int length = content.length();
    return new ByteSource() {
      private int at;

      @Override
      public Buffer read() {
        synchronized (ContainerFiles.this) {
          int from = at;
          at = Math.min(length, from + BLOCK);
          return from < at ? content.getBuffer(from, at) : null;
        }
      }
    };
  }

  /** Returns what gives the place of an open file back, once. */
  private Runnable openOne() throws IOException {
    if (!open.tryAcquire()) {
      throw new IOException("Too many open files");
    }
    AtomicBoolean closed = new AtomicBoolean();
    return () -> {
      if (closed.compareAndSet(false, true)) {
        open.release();
      }
    };
  }

  private static void checkLength(String path) throws IOException {
    boolean tooLong = path.length() > MAX_PATH;
    for (int from = 0; from < path.length() && !tooLong; ) {
      int slash = path.indexOf('/', from);
      int end = slash < 0 ? path.length() : slash;
      tooLong = end - from > MAX_NAME;
      from = end + 1;
    }
    if (tooLong) {
      throw new IOException("File name too long");
    }
  }

  private ByteSource opened(Path host) throws IOException {
    Runnable closed = openOne();
    InputStream in;
    try {
      in = Files.newInputStream(host);
    } catch (IOException e) {
      closed.run();
      throw e;
    }
    return new ByteSource() {
      @Override
      public Buffer read() throws IOException {
        byte[] block = in.readNBytes(BLOCK);
        return block.length == 0 ? null : Buffer.buffer(block);
      }

      @Override
      public void close() throws IOException {
        closed.run();
        in.close();
      }
    };
  }

  private static ByteSource device(String path) {
    return switch (path) {
      case "/dev/null" -> () -> null;
      case "/dev/zero" -> {
        Buffer zeros = Buffer.buffer(new byte[BLOCK]);
        yield () -> zeros;
      }
      case "/dev/urandom", "/dev/random" ->
          () -> {
            byte[] block = new byte[BLOCK];
            RANDOM.nextBytes(block);
            return Buffer.buffer(block);
          };
      default -> null;
    };
  }

  Output create(String path, boolean append) throws IOException {
    checkLength(path);
    if (path.equals("/dev/null") || path.equals("/dev/zero")) {
      return data -> {};
    }
    Mount mount = mount(path);
    if (mount != null) {
      return onHost(path, mount, append);
    }
    synchronized (this) {
      if (directories.contains(path)) {
        throw new IOException("Is a directory");
      }
      if (!directories.contains(parent(path))) {
        throw new IOException("No such file or directory");
      }
      if (!append || !memory.containsKey(path)) {
        put(path, Buffer.buffer());
      }
    }
    return data -> add(path, data);
  }

  private Output onHost(String path, Mount mount, boolean append) throws IOException {
    if (mount.readOnly()) {
      throw new IOException("Read-only file system");
    }
    Path host = hostForChange(path, mount);
    Runnable closed = openOne();
    OutputStream out;
    try {
      out =
          append
              ? Files.newOutputStream(host, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
              : Files.newOutputStream(host);
    } catch (IOException e) {
      closed.run();
      throw e;
    }
    return new Output() {
      @Override
      public void write(Buffer data) throws IOException {
        out.write(data.getBytes());
      }

      @Override
      public void close() throws IOException {
        closed.run();
        out.close();
      }
    };
  }

  /** Returns where a new file would be: its directory has to be in the mount, links followed. */
  private Path hostForChange(String path, Mount mount) throws IOException {
    Path directory = host(parent(path));
    if (directory == null || absolute("/", mount.containerPath()).equals(path)) {
      throw new IOException("Permission denied");
    }
    Path host = directory.resolve(name(path));
    if (Files.isSymbolicLink(host)) {
      throw new IOException("Permission denied");
    }
    if (Files.isDirectory(host, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("Is a directory");
    }
    return host;
  }

  private synchronized void add(String path, Buffer data) throws IOException {
    if (used + data.length() > MEMORY) {
      throw new IOException("No space left on device");
    }
    used += data.length();
    memory.computeIfAbsent(path, p -> Buffer.buffer()).appendBuffer(data);
  }

  private void put(String path, Buffer content) throws IOException {
    Buffer old = memory.get(path);
    int after = used + content.length() - (old == null ? 0 : old.length());
    if (after > MEMORY || memory.size() + directories.size() >= MOST_NAMES) {
      throw new IOException("No space left on device");
    }
    used = after;
    memory.put(path, content);
  }

  void makeDirectory(String path, boolean parents) throws IOException {
    checkLength(path);
    Mount mount = mount(path);
    if (mount != null) {
      if (mount.readOnly()) {
        throw new IOException("Read-only file system");
      }
      if (parents && exists(path)) {
        return;
      }
      if (parents && !exists(parent(path))) {
        makeDirectory(parent(path), true);
      }
      Files.createDirectory(hostForChange(path, mount));
      return;
    }
    synchronized (this) {
      if (exists(path)) {
        if (parents && directories.contains(path)) {
          return;
        }
        throw new IOException("File exists");
      }
      if (!parents && !directories.contains(parent(path))) {
        throw new IOException("No such file or directory");
      }
      if (memory.size() + directories.size() >= MOST_NAMES) {
        throw new IOException("No space left on device");
      }
      directories.add(path);
      addParents(path);
    }
  }

  boolean exists(String path) {
    try {
      stat(path);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Removes a file, or an empty directory. */
  void remove(String path) throws IOException {
    Entry entry = stat(path);
    if (entry.directory() && !list(path).isEmpty()) {
      throw new IOException("Directory not empty");
    }
    Mount mount = mount(path);
    if (mount != null) {
      if (mount.readOnly()) {
        throw new IOException("Read-only file system");
      }
      if (absolute("/", mount.containerPath()).equals(path)) {
        throw new IOException("Device or resource busy");
      }
      Path directory = host(parent(path));
      if (directory == null) {
        throw new IOException("Permission denied");
      }
      Files.delete(directory.resolve(name(path)));
      return;
    }
    synchronized (this) {
      Buffer file = memory.remove(path);
      used -= file == null ? 0 : file.length();
      directories.remove(path);
    }
  }

  private Mount mount(String path) {
    for (Mount mount : mounts) {
      String at = absolute("/", mount.containerPath());
      if (path.equals(at) || path.startsWith(at.equals("/") ? at : at + "/")) {
        return mount;
      }
    }
    return null;
  }

  /**
   * Returns where a path in a mount is on this machine, null when it is in none.
   *
   * @throws IOException when there is nothing, or a link leads out of the mount
   */
  private Path host(String path) throws IOException {
    Mount mount = mount(path);
    if (mount == null) {
      return null;
    }
    String below =
        path.substring(Math.min(path.length(), absolute("/", mount.containerPath()).length()));
    Path root;
    Path host;
    try {
      root = mount.hostPath().toRealPath();
      host = below.isEmpty() ? root : root.resolve(below.replaceFirst("^/+", "")).toRealPath();
    } catch (IOException e) {
      throw new IOException("No such file or directory", e);
    }
    if (!host.startsWith(root)) {
      throw new IOException("Permission denied");
    }
    return host;
  }
}
