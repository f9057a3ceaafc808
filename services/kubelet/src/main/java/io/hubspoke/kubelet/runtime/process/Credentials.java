package io.hubspoke.kubelet.runtime.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * As whom a process runs and what it may do.
 *
 * @param groups supplementary ones
 * @param capabilities bits of those that it may have
 * @param noNewPrivileges set-user-ID programs give it nothing
 */
record Credentials(
    int uid, int gid, List<Integer> groups, long capabilities, boolean noNewPrivileges) {
  private static final int PR_CAPBSET_DROP = 24;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int LAST_CAPABILITY = 63;
  private static final int KEYCTL_JOIN_SESSION_KEYRING = 1;

  /** Gives them to the calling thread, and so to what it starts; for good. */
  void assume() throws ErrnoException {
    for (int capability = 0; capability <= LAST_CAPABILITY; capability++) {
      if ((capabilities >>> capability & 1) == 0) {
        // The kernel knows fewer than there are bits.
        Libc.tryCall(Libc.PRCTL, PR_CAPBSET_DROP, capability, 0, 0, 0);
      }
    }
    // Not the keys of whoever started the kubelet.
    Libc.tryCall(Libc.SYSCALL, Libc.SYS_KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, 0);
    assumePrivilegesOnly();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment list = arena.allocate(JAVA_INT, groups.size() + 1L);
      for (int i = 0; i < groups.size(); i++) {
        list.setAtIndex(JAVA_INT, i, groups.get(i));
      }
      // The calls themselves: the library's functions would change every thread.
      Libc.call(Libc.SYSCALL, Libc.SYS_SETGROUPS, groups.size(), list.address());
    }
    Libc.call(Libc.SYSCALL, Libc.SYS_SETRESGID, gid, gid, gid);
    Libc.call(Libc.SYSCALL, Libc.SYS_SETRESUID, uid, uid, uid);
  }

  /** Does the part of it that needs no privileges. */
  void assumePrivilegesOnly() throws ErrnoException {
    if (noNewPrivileges) {
      Libc.call(Libc.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    }
  }

  /** Undoes what a change of user does to the whole process: hides it from its own tools. */
  static void restoreProcess() {
    Libc.tryCall(Libc.PRCTL, PR_SET_DUMPABLE, 1, 0, 0, 0);
  }
}
