package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Command.Invocation;
import io.hubspoke.kubelet.runtime.shell.Command.Streams;
import io.hubspoke.kubelet.runtime.shell.Interpreter.ExitRequest;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.List;

/** {@code sh}: runs a text given, a file, or lines as they come, with a prompt on a terminal. */
final class Sh implements Command {
  private static final int MAX_PROGRAM = 1 << 20;
  private static final int SYNTAX_ERROR = 2;

  @Override
  public int run(Invocation call) throws IOException, InterruptedException {
    Environment environment = call.environment().copy();
    Interpreter interpreter = new Interpreter(environment);
    List<String> operands = call.operands();
    int at = 0;
    boolean text = false;
    boolean interactive = call.environment().terminal() != null;
    while (at < operands.size() && operands.get(at).startsWith("-")) {
      for (char option : operands.get(at).substring(1).toCharArray()) {
        switch (option) {
          case 'c' -> text = true;
          case 'i' -> interactive = true;
          case 'l', 'e', 'u', 'x', 's' -> {}
          default -> {
            return call.fail(SYNTAX_ERROR, "unrecognized option: " + option);
          }
        }
      }
      at++;
    }
    List<String> rest = operands.subList(at, operands.size());
    if (text) {
      if (rest.isEmpty()) {
        return call.fail(SYNTAX_ERROR, "-c requires an argument");
      }
      environment.setParameters(rest.size() > 1 ? rest.subList(1, rest.size()) : List.of("sh"));
      return program(interpreter, rest.getFirst(), call.streams());
    }
    if (!rest.isEmpty()) {
      environment.setParameters(rest);
      return program(interpreter, file(call, rest.getFirst()), call.streams());
    }
    return session(interpreter, call.streams(), interactive);
  }

  private static String file(Invocation call, String name)
      throws IOException, InterruptedException {
    ByteSource file = call.open(name);
    Buffer all = Buffer.buffer();
    Buffer more;
    try {
      while ((more = file.read()) != null && all.length() < MAX_PROGRAM) {
        all.appendBuffer(more);
      }
    } finally {
      file.close();
    }
    return all.toString();
  }

  private static int program(Interpreter interpreter, String text, Streams streams)
      throws IOException, InterruptedException {
    try {
      int status = interpreter.run(new Parser(text).program(), streams);
      return status;
    } catch (Parser.SyntaxException e) {
      streams.err().line("sh: " + e.getMessage());
      return SYNTAX_ERROR;
    } catch (ExitRequest exit) {
      return exit.code();
    }
  }

  /** Runs lines until they end; on a terminal Ctrl-C ends what is running and not the shell. */
  static int session(Interpreter interpreter, Streams streams, boolean interactive)
      throws IOException, InterruptedException {
    Environment environment = interpreter.environment();
    StringBuilder program = new StringBuilder();
    var pace = new Job.Pace();
    while (true) {
      try {
        pace.step();
        if (interactive) {
          streams.out().print(program.isEmpty() ? environment.directory() + " # " : "> ");
        }
        String line = Lines.read(streams.in());
        if (line == null) {
          return environment.lastStatus();
        }
        program.append(line).append('\n');
        try {
          Node node = new Parser(program.toString()).program();
          program.setLength(0);
          interpreter.run(node, streams);
        } catch (Parser.SyntaxException e) {
          if (!e.incomplete() || program.length() > MAX_PROGRAM) {
            program.setLength(0);
            streams.err().line("sh: " + e.getMessage());
            environment.setLastStatus(SYNTAX_ERROR);
          }
        } catch (IOException e) {
          if (e instanceof Output.BrokenPipe) {
            throw e;
          }
          streams.err().line("sh: " + e.getMessage());
          environment.setLastStatus(1);
        }
      } catch (ExitRequest exit) {
        return exit.code();
      } catch (InterruptedException e) {
        if (!interactive || environment.job().ended()) {
          throw e;
        }
        program.setLength(0);
        environment.setLastStatus(Job.SIGNALLED + Job.SIGINT);
      }
    }
  }
}
