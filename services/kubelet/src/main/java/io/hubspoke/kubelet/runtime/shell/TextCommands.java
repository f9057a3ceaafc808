package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Command.Invocation;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Commands that write what they are given, and those that only have an exit code. */
final class TextCommands {
  private TextCommands() {}

  static Map<String, Command> all() {
    return Map.of(
        "echo", TextCommands::echo,
        "printf", TextCommands::printf,
        "seq", TextCommands::seq,
        "true", call -> 0,
        "false", call -> 1,
        "test", call -> test(call, call.operands()),
        "[", TextCommands::bracket,
        "basename", TextCommands::basename);
  }

  private static int echo(Invocation call) throws IOException, InterruptedException {
    List<String> words = call.operands();
    boolean newline = true;
    boolean escapes = false;
    int at = 0;
    while (at < words.size() && words.get(at).matches("-[neE]+")) {
      newline &= words.get(at).indexOf('n') < 0;
      escapes |= words.get(at).indexOf('e') > 0;
      at++;
    }
    String text = String.join(" ", words.subList(at, words.size()));
    call.out().print((escapes ? unescape(text) : text) + (newline ? "\n" : ""));
    return 0;
  }

  private static int printf(Invocation call) throws IOException, InterruptedException {
    if (call.operands().isEmpty()) {
      return call.fail(2, "usage: printf FORMAT [ARGUMENT]...");
    }
    String format = unescape(call.operands().getFirst());
    List<String> values = call.operands().subList(1, call.operands().size());
    int used = 0;
    var pace = new Job.Pace();
    do {
      pace.step();
      StringBuilder text = new StringBuilder();
      int before = used;
      for (int i = 0; i < format.length(); i++) {
        char c = format.charAt(i);
        if (c != '%' || i + 1 >= format.length()) {
          text.append(c);
          continue;
        }
        char kind = format.charAt(++i);
        if (kind == '%') {
          text.append('%');
        } else if ("sdib".indexOf(kind) >= 0) {
          text.append(used < values.size() ? values.get(used++) : kind == 'd' ? "0" : "");
        } else {
          return call.fail(1, "%" + kind + ": invalid format");
        }
      }
      call.out().print(text.toString());
      if (used == before) {
        break;
      }
    } while (used < values.size());
    return 0;
  }

  private static String unescape(String text) {
    StringBuilder result = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c != '\\' || i + 1 >= text.length()) {
        result.append(c);
        continue;
      }
      char next = text.charAt(++i);
      switch (next) {
        case 'n' -> result.append('\n');
        case 't' -> result.append('\t');
        case 'r' -> result.append('\r');
        case 'a' -> result.append('\u0007');
        case 'e' -> result.append('\u001b');
        case '\\' -> result.append('\\');
        default -> result.append('\\').append(next);
      }
    }
    return result.toString();
  }

  private static int seq(Invocation call) throws IOException, InterruptedException {
    List<Long> numbers;
    try {
      numbers = call.operands().stream().map(Long::parseLong).toList();
    } catch (NumberFormatException e) {
      return call.fail(1, "invalid number");
    }
    if (numbers.isEmpty() || numbers.size() > 3) {
      return call.fail(1, "usage: seq [FIRST [STEP]] LAST");
    }
    long first = numbers.size() == 1 ? 1 : numbers.getFirst();
    long step = numbers.size() == 3 ? numbers.get(1) : 1;
    long last = numbers.getLast();
    if (step == 0) {
      return call.fail(1, "zero step");
    }
    StringBuilder lines = new StringBuilder();
    var pace = new Job.Pace();
    for (long i = first; step > 0 ? i <= last : i >= last; i += step) {
      pace.step();
      lines.append(i).append('\n');
      if (lines.length() > 1 << 14) {
        call.out().print(lines.toString());
        lines.setLength(0);
      }
    }
    call.out().print(lines.toString());
    return 0;
  }

  private static int bracket(Invocation call) throws IOException, InterruptedException {
    List<String> operands = call.operands();
    return operands.isEmpty() || !operands.getLast().equals("]")
        ? call.fail(2, "missing ]")
        : test(call, operands.subList(0, operands.size() - 1));
  }

  private static int test(Invocation call, List<String> terms)
      throws IOException, InterruptedException {
    if (!terms.isEmpty() && terms.getFirst().equals("!")) {
      int inner = test(call, terms.subList(1, terms.size()));
      return inner > 1 ? inner : 1 - inner;
    }
    return switch (terms.size()) {
      case 0 -> 1;
      case 1 -> terms.getFirst().isEmpty() ? 1 : 0;
      case 2 -> unary(call, terms.getFirst(), terms.get(1));
      case 3 -> binary(call, terms.getFirst(), terms.get(1), terms.get(2));
      default -> call.fail(2, "too many arguments");
    };
  }

  private static int unary(Invocation call, String operator, String value)
      throws IOException, InterruptedException {
    ContainerFiles files = call.files();
    String path = call.path(value);
    boolean there = files.exists(path);
    return switch (operator) {
      case "-z" -> code(value.isEmpty());
      case "-n" -> code(!value.isEmpty());
      case "-e", "-r", "-w" -> code(there);
      case "-x" -> code(there || Commands.find(value) != null);
      case "-f" -> code(there && !files.stat(path).directory());
      case "-d" -> code(there && files.stat(path).directory());
      case "-s" -> code(there && files.stat(path).size() > 0);
      case "-t" -> code(call.environment().terminal() != null);
      default -> call.fail(2, operator + ": unknown operand");
    };
  }

  private static int binary(Invocation call, String left, String operator, String right)
      throws IOException, InterruptedException {
    switch (operator) {
      case "=", "==" -> {
        return code(left.equals(right));
      }
      case "!=" -> {
        return code(!left.equals(right));
      }
      default -> {}
    }
    long a;
    long b;
    try {
      a = Long.parseLong(left.strip());
      b = Long.parseLong(right.strip());
    } catch (NumberFormatException e) {
      return call.fail(2, left + " " + operator + " " + right + ": bad number or operand");
    }
    return switch (operator) {
      case "-eq" -> code(a == b);
      case "-ne" -> code(a != b);
      case "-lt" -> code(a < b);
      case "-le" -> code(a <= b);
      case "-gt" -> code(a > b);
      case "-ge" -> code(a >= b);
      default -> call.fail(2, operator + ": unknown operand");
    };
  }

  private static int code(boolean holds) {
    return holds ? 0 : 1;
  }

  private static int basename(Invocation call) throws IOException, InterruptedException {
    if (call.operands().isEmpty()) {
      return call.fail(1, "missing operand");
    }
    call.out().line(ContainerFiles.name(ContainerFiles.absolute("/", call.operands().getFirst())));
    return 0;
  }
}
