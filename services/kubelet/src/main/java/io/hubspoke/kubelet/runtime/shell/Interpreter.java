package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Command.Invocation;
import io.hubspoke.kubelet.runtime.shell.Command.Streams;
import io.hubspoke.kubelet.runtime.shell.Node.Redirect;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs programs of the shell. */
final class Interpreter {
  static final int NOT_FOUND = 127;
  static final int SIGPIPE = 141;

  private final Environment environment;
  private final Expansion expansion;
  private final Job.Pace pace = new Job.Pace();
  private final List<Thread> background = new ArrayList<>();

  Interpreter(Environment environment) {
    this.environment = environment;
    this.expansion = new Expansion(environment, this::substitute);
  }

  /** The shell is to end. */
  static final class ExitRequest extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int code;

    ExitRequest(int code) {
      super(null, null, false, false);
      this.code = code;
    }

    int code() {
      return code;
    }
  }

  Environment environment() {
    return environment;
  }

  int run(Node node, Streams streams) throws IOException, InterruptedException {
    pace.step();
    environment.descend();
    try {
      return within(node, streams);
    } finally {
      environment.ascend();
    }
  }

  private int within(Node node, Streams streams) throws IOException, InterruptedException {
    int status =
        switch (node) {
          case Node.Simple simple -> simple(simple, streams);
          case Node.Pipeline pipeline -> pipeline(pipeline, streams);
          case Node.AndOr last -> andOr(last, streams);
          case Node.Sequence(List<Node> items) -> {
            int last = environment.lastStatus();
            for (Node item : items) {
              last = run(item, streams);
            }
            yield items.isEmpty() ? 0 : last;
          }
          case Node.Background(Node body) -> {
            var streamsOfIt = new Streams(Input.empty(), streams.out(), streams.err());
            background.removeIf(thread -> !thread.isAlive());
            background.add(environment.job().start(() -> child(body, streamsOfIt)));
            yield 0;
          }
          case Node.If(Node condition, Node then, Node otherwise) ->
              run(condition, streams) == 0
                  ? run(then, streams)
                  : otherwise == null ? 0 : run(otherwise, streams);
          case Node.While loop -> loop(loop, streams);
          case Node.For(String variable, List<Node.Word> words, Node body) -> {
            int last = 0;
            for (String value : expansion.fields(words)) {
              environment.set(variable, value);
              last = run(body, streams);
            }
            yield last;
          }
          case Node.Subshell(Node body) -> child(body, streams);
          case Node.Redirected(Node body, List<Redirect> redirects) ->
              redirected(redirects, streams, to -> run(body, to));
        };
    environment.setLastStatus(status);
    return status;
  }

  /** Runs a chain, which hangs on its last link, from its first. */
  private int andOr(Node.AndOr last, Streams streams) throws IOException, InterruptedException {
    Deque<Node.AndOr> chain = new ArrayDeque<>();
    Node first = last;
    while (first instanceof Node.AndOr link) {
      chain.push(link);
      first = link.left();
    }
    int status = run(first, streams);
    for (Node.AndOr link : chain) {
      if ((status == 0) == link.and()) {
        status = run(link.right(), streams);
      }
    }
    return status;
  }

  private int loop(Node.While loop, Streams streams) throws IOException, InterruptedException {
    int last = 0;
    while ((run(loop.condition(), streams) == 0) != loop.until()) {
      last = run(loop.body(), streams);
      pace.step();
    }
    return last;
  }

  /** Runs it in a copy of the environment, and returns its exit code whatever happens. */
  private int child(Node body, Streams streams) {
    Interpreter child = new Interpreter(environment.copy());
    try {
      return guarded("sh", streams, () -> child.run(body, streams));
    } catch (ExitRequest exit) {
      return exit.code();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return environment.job().exitCode();
    } catch (Output.BrokenPipe e) {
      return SIGPIPE;
    } catch (IOException | StackOverflowError e) {
      return 1;
    }
  }

  private int pipeline(Node.Pipeline pipeline, Streams streams)
      throws IOException, InterruptedException {
    List<Node> stages = pipeline.stages();
    int status;
    if (stages.size() == 1) {
      status = run(stages.getFirst(), streams);
    } else {
      status = stages(stages, streams);
    }
    return pipeline.negated() ? (status == 0 ? 1 : 0) : status;
  }

  private int stages(List<Node> stages, Streams streams) throws IOException, InterruptedException {
    List<Thread> threads = new ArrayList<>();
    AtomicInteger status = new AtomicInteger();
    Input in = streams.in();
    try {
      for (int i = 0; i < stages.size(); i++) {
        boolean first = i == 0;
        boolean last = i == stages.size() - 1;
        Node stage = stages.get(i);
        Input from = in;
        Input next = last ? null : new Input();
        Output to = last ? streams.out() : next.output();
        threads.add(
            environment
                .job()
                .start(
                    () -> {
                      int code = child(stage, new Streams(from, to, streams.err()));
                      if (!first) {
                        from.close();
                      }
                      if (last) {
                        status.set(code);
                      } else {
                        next.end();
                      }
                    }));
        in = next;
      }
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (IOException | InterruptedException e) {
      threads.forEach(Thread::interrupt);
      throw e;
    }
    return status.get();
  }

  /** Runs a command for its output. */
  private String substitute(Node body) throws IOException, InterruptedException {
    Input result = new Input();
    var text = new Expansion.Collected();
    Thread thread =
        environment
            .job()
            .start(
                () -> {
                  int code =
                      child(body, new Streams(Input.empty(), result.output(), expansion.errors()));
                  environment.setLastStatus(code);
                  result.end();
                });
    try {
      text.collect(result);
      thread.join();
    } finally {
      thread.interrupt();
      result.close();
    }
    return text.trimmed();
  }

  private int simple(Node.Simple simple, Streams streams) throws IOException, InterruptedException {
    expansion.setErrors(streams.err());
    List<String> args = expansion.fields(simple.words());
    if (args.isEmpty()) {
      for (Node.Assignment assignment : simple.assignments()) {
        environment.set(assignment.name(), expansion.text(assignment.value()));
      }
      return redirected(simple.redirects(), streams, to -> 0);
    }
    return redirected(
        simple.redirects(),
        streams,
        to -> {
          ShellBuiltins.Builtin builtin = ShellBuiltins.find(args.getFirst());
          if (builtin != null) {
            assign(environment, simple.assignments());
            return guarded(
                args.getFirst(),
                to,
                () -> builtin.run(this, new Invocation(args, to, environment)));
          }
          Environment own = environment.copy();
          assign(own, simple.assignments());
          return command(args, to, own);
        });
  }

  private void assign(Environment to, List<Node.Assignment> assignments)
      throws IOException, InterruptedException {
    for (Node.Assignment assignment : assignments) {
      to.export(assignment.name(), expansion.text(assignment.value()));
    }
  }

  private static int command(List<String> args, Streams streams, Environment environment)
      throws IOException, InterruptedException {
    Command command = Commands.find(args.getFirst());
    if (command == null) {
      boolean path = args.getFirst().contains("/");
      boolean there =
          path
              && environment
                  .space()
                  .files()
                  .exists(ContainerFiles.absolute(environment.directory(), args.getFirst()));
      streams
          .err()
          .line("sh: " + args.getFirst() + (there ? ": Permission denied" : ": not found"));
      return there ? 126 : NOT_FOUND;
    }
    return guarded(
        args.getFirst(), streams, () -> command.run(new Invocation(args, streams, environment)));
  }

  /** What a command does that may fail. */
  interface Action {
    int run() throws IOException, InterruptedException;
  }

  /** Tells of a failure as the command's own. */
  static int guarded(String name, Streams streams, Action action)
      throws IOException, InterruptedException {
    try {
      return action.run();
    } catch (Output.BrokenPipe e) {
      return SIGPIPE;
    } catch (IOException e) {
      streams.err().line(name + ": " + e.getMessage());
      return 1;
    }
  }

  private interface Body {
    int run(Streams streams) throws IOException, InterruptedException;
  }

  private int redirected(List<Redirect> redirects, Streams streams, Body body)
      throws IOException, InterruptedException {
    Input in = streams.in();
    Output[] outs = {null, streams.out(), streams.err()};
    List<Output> opened = new ArrayList<>();
    try {
      for (Redirect redirect : redirects) {
        String target = expansion.text(redirect.to());
        try {
          if (redirect.kind().equals("<")) {
            in = FileInput.of(open(target), environment.job());
          } else {
            outs[descriptor(redirect.from())] = output(redirect, target, outs, opened);
          }
        } catch (IOException e) {
          streams.err().line("sh: can't open " + target + ": " + e.getMessage());
          return 1;
        }
      }
      return body.run(new Streams(in, outs[1], outs[2]));
    } finally {
      for (Output output : opened) {
        output.close();
      }
      if (in != streams.in()) {
        in.close();
      }
    }
  }

  private ByteSource open(String target) throws IOException {
    return environment
        .space()
        .files()
        .open(ContainerFiles.absolute(environment.directory(), target));
  }

  private Output output(Redirect redirect, String target, Output[] outs, List<Output> opened)
      throws IOException {
    if (redirect.kind().equals(">&")) {
      return switch (target) {
        case "1", "2" -> outs[target.charAt(0) - '0'];
        case "-" -> data -> {};
        default -> throw new IOException("bad file descriptor");
      };
    }
    if (target.equals("/dev/stdout") || target.equals("/dev/stderr")) {
      return outs[target.equals("/dev/stdout") ? 1 : 2];
    }
    Output file =
        environment
            .space()
            .files()
            .create(
                ContainerFiles.absolute(environment.directory(), target),
                redirect.kind().equals(">>"));
    opened.add(file);
    return file;
  }

  private static int descriptor(int number) throws IOException {
    if (number != 1 && number != 2) {
      throw new IOException("bad file descriptor");
    }
    return number;
  }

  /** Waits for what runs beside. */
  void await() throws InterruptedException {
    for (Thread thread : background) {
      thread.join();
    }
    background.clear();
  }
}
