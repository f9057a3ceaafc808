package io.hubspoke.kubelet.runtime.shell;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What a process inherits: variables, working directory, the container around it. */
final class Environment {
  private final UserSpace space;
  private final Job job;
  private final Terminal terminal;
  private final Map<String, String> variables = new LinkedHashMap<>();
  private final Map<String, Boolean> exported = new LinkedHashMap<>();
  private String directory = "/";
  private List<String> parameters = List.of("sh");
  private int lastStatus;
  private int processId;

  /**
   * @param terminal null when there is none
   */
  Environment(UserSpace space, Job job, Terminal terminal, Map<String, String> variables) {
    this.space = space;
    this.job = job;
    this.terminal = terminal;
    variables.forEach(this::export);
  }

  /** Returns a copy, whose changes stay its own. */
  Environment copy() {
    Environment copy = new Environment(space, job, terminal, Map.of());
    copy.variables.putAll(variables);
    copy.exported.putAll(exported);
    copy.directory = directory;
    copy.parameters = parameters;
    copy.lastStatus = lastStatus;
    copy.processId = processId;
    return copy;
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
    variables.put("OLDPWD", directory);
    directory = to;
    set("PWD", to);
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

  void set(String name, String value) {
    variables.put(name, value);
  }

  void export(String name, String value) {
    variables.put(name, value);
    exported.put(name, true);
  }

  void unset(String name) {
    variables.remove(name);
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
