package io.hubspoke.kubelet.runtime.shell;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a process inherits: variables, working directory, the container around it. */
final class Environment {
  static final String TOO_DEEP = "nested too deeply";

  /** Far above what is written by hand, and far below what overflows a stack. */
  private static final int MAX_DEPTH = 200;

  /** Characters that all variables may have. */
  private static final int MAX_SIZE = 2 << 20;

  private final UserSpace space;
  private final Job job;
  private final Terminal terminal;
  private final Map<String, String> variables = new LinkedHashMap<>();
  private final Map<String, Boolean> exported = new LinkedHashMap<>();
  private String directory = "/";
  private List<String> parameters = List.of("sh");
  private int lastStatus;
  private int processId;
  private int depth;
  private long size;

  /**
   * @param terminal null when there is none
   */
  Environment(UserSpace space, Job job, Terminal terminal, Map<String, String> variables) {
    this.space = space;
    this.job = job;
    this.terminal = terminal;
    variables.forEach(this::preset);
  }

  /** Returns a copy for what is run within, whose changes stay its own. */
  Environment copy() {
    Environment copy = new Environment(space, job, terminal, Map.of());
    copy.variables.putAll(variables);
    copy.exported.putAll(exported);
    copy.directory = directory;
    copy.parameters = parameters;
    copy.lastStatus = lastStatus;
    copy.processId = processId;
    copy.depth = depth + 1;
    copy.size = size;
    return copy;
  }

  /** Takes note that something begins within what runs here; {@link #ascend} follows. */
  void descend() throws IOException {
    depth++;
    checkDepth();
  }

  void ascend() {
    depth--;
  }

  /** Fails when too many things run within each other. */
  void checkDepth() throws IOException {
    if (depth > MAX_DEPTH) {
      throw new IOException(TOO_DEEP);
    }
  }

  UserSpace space() {
    return space;
  }

  Job job() {
    return job;
  }

  Terminal terminal() {
    return terminal;
  }

  String directory() {
    return directory;
  }

  void enter(String to) {
    put("OLDPWD", directory);
    directory = to;
    put("PWD", to);
  }

  List<String> parameters() {
    return parameters;
  }

  /** Sets {@code $0} and what follows it. */
  void setParameters(List<String> to) {
    parameters = List.copyOf(to);
  }

  int lastStatus() {
    return lastStatus;
  }

  void setLastStatus(int to) {
    lastStatus = to;
  }

  int processId() {
    return processId;
  }

  void setProcessId(int to) {
    processId = to;
  }

  /** Returns a variable, null when it is not set. */
  String get(String name) {
    return variables.get(name);
  }

  void set(String name, String value) throws IOException {
    if (size + name.length() + value.length() > MAX_SIZE) {
      throw new IOException("out of memory: the variables are too large");
    }
    put(name, value);
  }

  void export(String name, String value) throws IOException {
    set(name, value);
    exported.put(name, true);
  }

  /** Exports what it is begun with, whatever its size. */
  void preset(String name, String value) {
    put(name, value);
    exported.put(name, true);
  }

  private void put(String name, String value) {
    size += name.length() + value.length() - sizeOf(name, variables.put(name, value));
  }

  private static int sizeOf(String name, String value) {
    return value == null ? 0 : name.length() + value.length();
  }

  void unset(String name) {
    size -= sizeOf(name, variables.remove(name));
    exported.remove(name);
  }

  void export(String name) {
    exported.put(name, true);
  }

  /** Returns what commands get. */
  Map<String, String> exported() {
    Map<String, String> all = new TreeMap<>();
    exported.keySet().stream()
        .filter(variables::containsKey)
        .forEach(name -> all.put(name, variables.get(name)));
    return all;
  }
}
