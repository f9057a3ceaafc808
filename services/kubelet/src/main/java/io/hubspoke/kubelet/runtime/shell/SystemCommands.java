package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Command.Invocation;
import io.hubspoke.streams.TerminalSize;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Commands about the container, its processes and its terminal. */
final class SystemCommands {
  private SystemCommands() {}

  static Map<String, Command> all() {
    return Map.ofEntries(
        Map.entry("env", SystemCommands::env),
        Map.entry("printenv", SystemCommands::printenv),
        Map.entry("hostname", SystemCommands::hostname),
        Map.entry("date", SystemCommands::date),
        Map.entry("sleep", SystemCommands::sleep),
        Map.entry("ps", SystemCommands::ps),
        Map.entry("kill", SystemCommands::kill),
        Map.entry("stty", SystemCommands::stty),
        Map.entry("tty", SystemCommands::tty),
        Map.entry("id", SystemCommands::id),
        Map.entry("whoami", SystemCommands::whoami),
        Map.entry("uname", SystemCommands::uname),
        Map.entry("uptime", SystemCommands::uptime));
  }

  private static int env(Invocation call) throws IOException, InterruptedException {
    Environment own = call.environment().copy();
    List<String> rest = new ArrayList<>(call.operands());
    while (!rest.isEmpty() && rest.getFirst().indexOf('=') > 0) {
      String[] pair = rest.removeFirst().split("=", 2);
      own.export(pair[0], pair[1]);
    }
    own.checkDepth();
    if (rest.isEmpty()) {
      for (var one : own.exported().entrySet()) {
        call.out().line(one.getKey() + "=" + one.getValue());
      }
      return 0;
    }
    Command command = Commands.find(rest.getFirst());
    return command == null
        ? call.fail(
            Interpreter.NOT_FOUND,
            "can't execute '" + rest.getFirst() + "': No such file or directory")
        : command.run(new Invocation(rest, call.streams(), own));
  }

  private static int printenv(Invocation call) throws IOException, InterruptedException {
    if (call.operands().isEmpty()) {
      return env(call);
    }
    int status = 0;
    for (String name : call.operands()) {
      String value = call.environment().exported().get(name);
      if (value == null) {
        status = 1;
      } else {
        call.out().line(value);
      }
    }
    return status;
  }

  private static int hostname(Invocation call) throws IOException, InterruptedException {
    if (!call.operands().isEmpty()) {
      return call.fail(1, "sethostname: Operation not permitted");
    }
    call.out().line(call.space().hostname());
    return 0;
  }

  private static int date(Invocation call) throws IOException, InterruptedException {
    ZonedDateTime now = ZonedDateTime.now(ZoneOffset.UTC);
    for (String operand : call.operands()) {
      if (operand.equals("+%s")) {
        call.out().line(Long.toString(now.toEpochSecond()));
        return 0;
      }
      if (operand.startsWith("+") || !operand.startsWith("-")) {
        return call.fail(1, "invalid date '" + operand + "'");
      }
    }
    call.out()
        .line(
            now.format(DateTimeFormatter.ofPattern("EEE MMM d HH:mm:ss 'UTC' yyyy", Locale.ROOT)));
    return 0;
  }

  private static int sleep(Invocation call) throws IOException, InterruptedException {
    if (call.operands().isEmpty()) {
      return call.fail(1, "missing operand");
    }
    Duration all = Duration.ZERO;
    for (String operand : call.operands()) {
      if (operand.equals("infinity") || operand.equals("inf")) {
        all = Duration.ofDays(365L * 100);
        break;
      }
      String unit = operand.isEmpty() ? "" : operand.substring(operand.length() - 1);
      double seconds =
          switch (unit) {
            case "m" -> 60;
            case "h" -> 3600;
            case "d" -> 86400;
            default -> 1;
          };
      String number =
          "smhd".contains(unit) && !unit.isEmpty()
              ? operand.substring(0, operand.length() - 1)
              : operand;
      if (!number.matches("[0-9]{1,9}(\\.[0-9]{1,9})?|\\.[0-9]{1,9}")) {
        return call.fail(1, "invalid number '" + operand + "'");
      }
      all = all.plusMillis((long) (Double.parseDouble(number) * seconds * 1000));
    }
    Thread.sleep(all);
    return 0;
  }

  private static int ps(Invocation call) throws IOException, InterruptedException {
    call.out().line("PID   USER     TIME  COMMAND");
    for (UserSpace.Running process : call.space().processes()) {
      Duration age = Duration.between(process.since(), Instant.now());
      call.out()
          .line(
              "%5d root     %2d:%02d  %s"
                  .formatted(
                      process.id(),
                      age.toMinutes(),
                      age.toSecondsPart(),
                      String.join(" ", process.command())));
    }
    return 0;
  }

  private static int kill(Invocation call) throws IOException, InterruptedException {
    int signal = Job.SIGTERM;
    int status = 0;
    for (String operand : call.operands()) {
      switch (operand) {
        case "-9", "-KILL", "-SIGKILL" -> signal = Job.SIGKILL;
        case "-15", "-TERM", "-SIGTERM" -> signal = Job.SIGTERM;
        case "-1", "-HUP", "-SIGHUP" -> signal = Job.SIGHUP;
        case "-2", "-INT", "-SIGINT" -> signal = Job.SIGINT;
        default -> {
          UserSpace.Running process =
              call.space().processes().stream()
                  .filter(p -> Integer.toString(p.id()).equals(operand))
                  .findFirst()
                  .orElse(null);
          if (process == null) {
            status = call.fail(1, "can't kill pid " + operand + ": No such process");
          } else if (process.job() != null) {
            process.job().signal(signal);
          }
        }
      }
    }
    return status;
  }

  private static int stty(Invocation call) throws IOException, InterruptedException {
    Terminal terminal = call.environment().terminal();
    if (terminal == null) {
      return call.fail(1, "standard input: Not a tty");
    }
    TerminalSize size = terminal.size();
    if (call.operands().isEmpty() || call.operands().contains("-a")) {
      call.out()
          .line(
              "rows "
                  + size.height()
                  + "; columns "
                  + size.width()
                  + ";\n"
                  + (terminal.isRaw() ? "-icanon " : "icanon ")
                  + (terminal.echoes() ? "echo" : "-echo"));
      return 0;
    }
    for (String operand : call.operands()) {
      switch (operand) {
        case "size" -> call.out().line(size.height() + " " + size.width());
        case "raw", "-icanon" -> terminal.setRaw(true);
        case "-raw", "cooked", "icanon" -> terminal.setRaw(false);
        case "echo" -> terminal.setEcho(true);
        case "-echo" -> terminal.setEcho(false);
        case "sane" -> {
          terminal.setRaw(false);
          terminal.setEcho(true);
        }
        default -> {
          return call.fail(1, "invalid argument '" + operand + "'");
        }
      }
    }
    return 0;
  }

  private static int tty(Invocation call) throws IOException, InterruptedException {
    boolean there = call.environment().terminal() != null;
    call.out().line(there ? "/dev/pts/0" : "not a tty");
    return there ? 0 : 1;
  }

  private static int id(Invocation call) throws IOException, InterruptedException {
    call.out()
        .line(call.operands().contains("-u") ? "0" : "uid=0(root) gid=0(root) groups=0(root)");
    return 0;
  }

  private static int whoami(Invocation call) throws IOException, InterruptedException {
    call.out().line("root");
    return 0;
  }

  private static int uname(Invocation call) throws IOException, InterruptedException {
    call.out()
        .line(
            call.operands().contains("-a")
                ? "Hubspoke " + call.space().hostname() + " in-process"
                : call.operands().contains("-n") ? call.space().hostname() : "Hubspoke");
    return 0;
  }

  private static int uptime(Invocation call) throws IOException, InterruptedException {
    Duration up = Duration.between(call.space().processes().getFirst().since(), Instant.now());
    call.out().line("up " + up.toSeconds() + " s");
    return 0;
  }
}
