package io.hubspoke.lab.audit;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** The TCP sockets on which this process listens, as the kernel lists them. */
final class ListeningSockets {
  private static final String LISTEN = "0A";
  private static final int LOCAL = 1;
  private static final int STATE = 3;
  private static final int INODE = 9;

  private ListeningSockets() {}

  /** Returns the ports on which this process listens at any address. */
  static Set<Integer> ownPorts() throws IOException {
    var own = inodes();
    var ports = new HashSet<Integer>();
    for (var table : new String[] {"/proc/self/net/tcp", "/proc/self/net/tcp6"}) {
      if (!Files.isReadable(Path.of(table))) {
        continue;
      }
      for (var line : Files.readAllLines(Path.of(table))) {
        var fields = line.strip().split("\\s+", -1);
        if (fields.length > INODE && fields[STATE].equals(LISTEN) && own.contains(fields[INODE])) {
          var local = fields[LOCAL];
          ports.add(Integer.parseInt(local.substring(local.lastIndexOf(':') + 1), 16));
        }
      }
    }
    return ports;
  }

  private static Set<String> inodes() throws IOException {
    var inodes = new HashSet<String>();
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (var descriptor : descriptors) {
        try {
          var target = Files.readSymbolicLink(descriptor).toString();
          if (target.startsWith("socket:[")) {
            inodes.add(target.substring("socket:[".length(), target.length() - 1));
          }
        } catch (IOException closed) {
          // Between the listing and the look.
        }
      }
    }
    return inodes;
  }
}
