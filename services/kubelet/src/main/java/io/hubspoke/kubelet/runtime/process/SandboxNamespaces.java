package io.hubspoke.kubelet.runtime.process;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/**
 * The namespaces that the containers of a pod share, held by descriptors: they go when the last
 * process in them has gone and these are closed, by whatever end this process comes to.
 *
 * @param network descriptor, or -1 for the machine's
 * @param hostname of the UTS namespace
 * @param ipc of the IPC namespace
 */
record SandboxNamespaces(int network, int hostname, int ipc) {
  static final long CLONE_NEWUTS = 0x4000000;
  static final long CLONE_NEWIPC = 0x8000000;
  static final long CLONE_NEWNET = 0x40000000;

  /** What a pod on the machine's network has, or one where there are no namespaces. */
  static final SandboxNamespaces HOST = new SandboxNamespaces(-1, -1, -1);

  /**
   * Makes them, waiting.
   *
   * @param name the pod's on its network; null for the machine's own
   */
  static SandboxNamespaces make(String name, boolean ownNetwork) throws ErrnoException {
    return Throwaway.call(
        "pod-sandbox",
        () -> {
          Libc.call(
              Libc.UNSHARE,
              CLONE_NEWIPC | (name == null ? 0 : CLONE_NEWUTS) | (ownNetwork ? CLONE_NEWNET : 0));
          if (name != null) {
            setName(name);
          }
          long task = Libc.call(Libc.SYSCALL, Libc.SYS_GETTID);
          String folder = "/proc/self/task/" + task + "/ns/";
          return new SandboxNamespaces(
              ownNetwork ? Fds.open(folder + "net", Libc.O_RDONLY) : -1,
              name == null ? -1 : Fds.open(folder + "uts", Libc.O_RDONLY),
              Fds.open(folder + "ipc", Libc.O_RDONLY));
        });
  }

  private static void setName(String name) throws ErrnoException {
    try (Arena arena = Arena.ofConfined()) {
      byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
      MemorySegment text = arena.allocate(bytes.length + 1L);
      MemorySegment.copy(MemorySegment.ofArray(bytes), 0, text, 0, bytes.length);
      Libc.call(Libc.SETHOSTNAME, text.address(), Math.min(bytes.length, 63));
    }
  }

  /** Takes the calling thread into them, for good. */
  void enter() throws ErrnoException {
    enter(network, CLONE_NEWNET);
    enter(hostname, CLONE_NEWUTS);
    enter(ipc, CLONE_NEWIPC);
  }

  /** Takes the calling thread into the network alone. */
  void enterNetwork() throws ErrnoException {
    enter(network, CLONE_NEWNET);
  }

  void close() {
    Fds.close(network);
    Fds.close(hostname);
    Fds.close(ipc);
  }

  private static void enter(int fd, long type) throws ErrnoException {
    if (fd >= 0) {
      Libc.call(Libc.SETNS, fd, type);
    }
  }
}
