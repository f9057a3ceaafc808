package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Command.Invocation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What changes the shell itself. */
final class ShellBuiltins {
  private static final Map<String, Builtin> ALL =
      Map.of(
          ":", (shell, call) -> 0,
          "cd", (shell, call) -> cd(call),
          "exit", ShellBuiltins::exit,
          "export", (shell, call) -> export(call),
          "unset", (shell, call) -> unset(call),
          "read", (shell, call) -> read(call),
          "shift", (shell, call) -> shift(call),
          "set", (shell, call) -> set(call),
          "wait", (shell, call) -> waitForAll(shell),
          "eval", ShellBuiltins::eval);

  private ShellBuiltins() {}

  /** A command that the shell runs itself. */
  interface Builtin {
    int run(Interpreter shell, Invocation call) throws IOException, InterruptedException;
  }

  /** Returns null when there is none of the name. */
  static Builtin find(String name) {
    return ALL.get(name);
  }

  private static int cd(Invocation call) throws IOException, InterruptedException {
    List<String> operands = call.operands();
    String to =
        operands.isEmpty()
            ? call.environment().get("HOME")
            : operands.getFirst().equals("-")
                ? call.environment().get("OLDPWD")
                : operands.getFirst();
    String path = call.path(to == null || to.isEmpty() ? "/" : to);
    try {
      if (!call.files().stat(path).directory()) {
        return call.fail(1, "can't cd to " + to + ": Not a directory");
      }
    } catch (IOException e) {
      return call.fail(1, "can't cd to " + to + ": " + e.getMessage());
    }
    call.environment().enter(path);
    return 0;
  }

  private static int exit(Interpreter shell, Invocation call)
      throws IOException, InterruptedException {
    if (call.operands().isEmpty()) {
      throw new Interpreter.ExitRequest(shell.environment().lastStatus());
    }
    try {
      throw new Interpreter.ExitRequest(Integer.parseInt(call.operands().getFirst()) & 0xff);
    } catch (NumberFormatException e) {
      call.err().line("sh: exit: Illegal number: " + call.operands().getFirst());
      throw new Interpreter.ExitRequest(2);
    }
  }

  private static int export(Invocation call) throws IOException, InterruptedException {
    for (String operand : call.operands()) {
      int equals = operand.indexOf('=');
      String name = equals < 0 ? operand : operand.substring(0, equals);
      if (!Parser.isName(name)) {
        return call.fail(1, name + ": bad variable name");
      }
      if (equals < 0) {
        call.environment().export(name);
      } else {
        call.environment().export(name, operand.substring(equals + 1));
      }
    }
    if (call.operands().isEmpty()) {
      for (var one : call.environment().exported().entrySet()) {
        call.out().line("export " + one.getKey() + "='" + one.getValue() + "'");
      }
    }
    return 0;
  }

  private static int unset(Invocation call) {
    call.operands().forEach(call.environment()::unset);
    return 0;
  }

  private static int read(Invocation call) throws IOException, InterruptedException {
    String line = Lines.read(call.in());
    List<String> names = call.operands().stream().filter(name -> !name.startsWith("-")).toList();
    String rest = line == null ? "" : line.strip();
    for (int i = 0; i < names.size(); i++) {
      int space = i == names.size() - 1 ? -1 : rest.indexOf(' ');
      call.environment().set(names.get(i), space < 0 ? rest : rest.substring(0, space));
      rest = space < 0 ? "" : rest.substring(space + 1).strip();
    }
    return line == null ? 1 : 0;
  }

  private static int shift(Invocation call) throws IOException, InterruptedException {
    List<String> parameters = call.environment().parameters();
    if (parameters.size() < 2) {
      return call.fail(1, "can't shift that many");
    }
    var left = new ArrayList<>(parameters);
    left.remove(1);
    call.environment().setParameters(left);
    return 0;
  }

  /** Options are taken and change nothing; what follows {@code --} are the parameters. */
  private static int set(Invocation call) throws IOException, InterruptedException {
    int dashes = call.operands().indexOf("--");
    if (dashes >= 0) {
      var parameters = new ArrayList<String>();
      parameters.add(call.environment().parameters().getFirst());
      parameters.addAll(call.operands().subList(dashes + 1, call.operands().size()));
      call.environment().setParameters(parameters);
    }
    return 0;
  }

  private static int waitForAll(Interpreter shell) throws InterruptedException {
    shell.await();
    return 0;
  }

  private static int eval(Interpreter shell, Invocation call)
      throws IOException, InterruptedException {
    try {
      return shell.run(new Parser(String.join(" ", call.operands())).program(), call.streams());
    } catch (Parser.SyntaxException e) {
      return call.fail(2, e.getMessage());
    }
  }
}
