package io.hubspoke.kubelet.runtime.shell;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The commands that a container of the in-process runtime has. */
final class Commands {
  private static final Map<String, Command> ALL = new TreeMap<>();

  static {
    ALL.put("sh", new Sh());
    ALL.put("tar", new Tar());
    ALL.putAll(TextCommands.all());
    ALL.putAll(FileCommands.all());
    ALL.putAll(StreamCommands.all());
    ALL.putAll(SystemCommands.all());
  }

  /** Where commands are said to be. */
  private static final Set<String> DIRECTORIES =
      Set.of("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin");

  private Commands() {}

  /** Returns the command of that name or path, null when there is none. */
  static Command find(String name) {
    int slash = name.lastIndexOf('/');
    return slash < 0
        ? ALL.get(name)
        : DIRECTORIES.contains(name.substring(0, slash))
            ? ALL.get(name.substring(slash + 1))
            : null;
  }

  static Set<String> names() {
    return ALL.keySet();
  }
}
