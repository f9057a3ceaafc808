package io.hubspoke.kubelet.runtime.shell;

import java.io.IOException;
import java.util.List;

/** A program in a container's path. */
@FunctionalInterface
interface Command {
  /**
   * Runs to its end and returns its exit code. What is thrown is told as errors are, after the
   * command's name.
   */
  int run(Invocation call) throws IOException, InterruptedException;

  /**
   * One run of a command.
   *
   * @param args its name, then its arguments
   */
  record Invocation(List<String> args, Streams streams, Environment environment) {
    Input in() {
      return streams.in();
    }

    Output out() {
      return streams.out();
    }

    Output err() {
      return streams.err();
    }

    String name() {
      return args.getFirst();
    }

    /** Returns the arguments without the name. */
    List<String> operands() {
      return args.subList(1, args.size());
    }

    UserSpace space() {
      return environment.space();
    }

    ContainerFiles files() {
      return space().files();
    }

    /** Returns the file that an argument names, seen from the working directory. */
    String path(String operand) {
      return ContainerFiles.absolute(environment.directory(), operand);
    }

    /** Opens a file, or the input for a dash. */
    ByteSource open(String operand) throws IOException {
      return operand.equals("-") || operand.equals("/dev/stdin")
          ? in()
          : files().open(path(operand));
    }

    /** Says what is wrong, and returns the exit code. */
    int fail(int code, String message) throws IOException, InterruptedException {
      err().line(name() + ": " + message);
      return code;
    }
  }

  /** What a command reads and writes. */
  record Streams(Input in, Output out, Output err) {}
}
