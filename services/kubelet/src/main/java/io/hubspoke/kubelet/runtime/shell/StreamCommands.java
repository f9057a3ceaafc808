package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Command.Invocation;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Commands that move bytes. */
final class StreamCommands {
  private static final int BLOCK = 1 << 16;

  private StreamCommands() {}

  static Map<String, Command> all() {
    return Map.of(
        "cat", StreamCommands::cat,
        "tee", StreamCommands::tee,
        "yes", StreamCommands::yes,
        "head", StreamCommands::head,
        "wc", StreamCommands::wc,
        "dd", StreamCommands::dd,
        "sha256sum", call -> digest(call, "SHA-256"),
        "md5sum", call -> digest(call, "MD5"),
        "grep", StreamCommands::grep);
  }

  /** What to do with a file's bytes. */
  private interface Reader {
    void read(String name, ByteSource file) throws IOException, InterruptedException;
  }

  /** Opens each file named, or the input when none is. */
  private static int each(Invocation call, List<String> names, Reader reader)
      throws IOException, InterruptedException {
    int status = 0;
    for (String name : names.isEmpty() ? List.of("-") : names) {
      ByteSource file;
      try {
        file = call.open(name);
      } catch (IOException e) {
        status = call.fail(1, "can't open '" + name + "': " + e.getMessage());
        continue;
      }
      try {
        reader.read(name, file);
      } finally {
        close(call, file);
      }
    }
    return status;
  }

  private static void close(Invocation call, ByteSource file) throws IOException {
    if (file != call.in()) {
      file.close();
    }
  }

  private static int cat(Invocation call) throws IOException, InterruptedException {
    return each(call, call.operands(), (name, file) -> copy(file, call.out(), Long.MAX_VALUE));
  }

  private static long copy(ByteSource from, Output to, long most)
      throws IOException, InterruptedException {
    var pace = new Job.Pace();
    long count = 0;
    Buffer more;
    while (count < most && (more = from.read()) != null) {
      pace.step();
      int length = (int) Math.min(more.length(), most - count);
      to.write(length == more.length() ? more : more.slice(0, length));
      if (length < more.length() && from instanceof Input input) {
        input.unread(more.slice(length, more.length()));
      }
      count += length;
    }
    return count;
  }

  private static int tee(Invocation call) throws IOException, InterruptedException {
    boolean append = call.operands().contains("-a");
    List<Output> outputs = new ArrayList<>();
    try {
      for (String name : call.operands()) {
        if (!name.equals("-a")) {
          outputs.add(call.files().create(call.path(name), append));
        }
      }
      var pace = new Job.Pace();
      Buffer more;
      while ((more = call.in().read()) != null) {
        pace.step();
        for (Output output : outputs) {
          output.write(more);
        }
        call.out().write(more);
      }
    } finally {
      for (Output output : outputs) {
        output.close();
      }
    }
    return 0;
  }

  private static int yes(Invocation call) throws IOException, InterruptedException {
    String line = (call.operands().isEmpty() ? "y" : String.join(" ", call.operands())) + "\n";
    Buffer block = Buffer.buffer(line.repeat(Math.max(1, (BLOCK / 4) / line.length())));
    var pace = new Job.Pace();
    while (true) {
      pace.step();
      call.out().write(block);
    }
  }

  private static int head(Invocation call) throws IOException, InterruptedException {
    long count = 10;
    boolean bytes = false;
    List<String> names = new ArrayList<>();
    List<String> operands = call.operands();
    for (int i = 0; i < operands.size(); i++) {
      String operand = operands.get(i);
      if (operand.matches("-[cn].*")) {
        bytes = operand.charAt(1) == 'c';
        String number =
            operand.length() > 2
                ? operand.substring(2)
                : ++i < operands.size() ? operands.get(i) : "";
        count = size(number);
      } else if (operand.matches("-[0-9]+")) {
        count = Long.parseLong(operand.substring(1));
      } else {
        names.add(operand);
      }
    }
    long most = count;
    boolean byBytes = bytes;
    return each(
        call,
        names,
        (name, file) -> {
          if (byBytes) {
            copy(file, call.out(), most);
          } else {
            lines(file, call.out(), most);
          }
        });
  }

  private static void lines(ByteSource from, Output to, long most)
      throws IOException, InterruptedException {
    long left = most;
    var pace = new Job.Pace();
    Buffer more;
    while (left > 0 && (more = from.read()) != null) {
      pace.step();
      int end = 0;
      while (end < more.length() && left > 0) {
        left -= more.getByte(end++) == '\n' ? 1 : 0;
      }
      to.write(more.slice(0, end));
      if (from instanceof Input input) {
        input.unread(more.slice(end, more.length()));
      }
    }
  }

  /** Reads a number such as 100, 64k, 10M or 1G. */
  private static long size(String text) throws IOException {
    String digits = text.replaceFirst("(?i)i?b$", "");
    long unit = 1;
    if (!digits.isEmpty()) {
      unit =
          switch (digits.charAt(digits.length() - 1)) {
            case 'k', 'K' -> 1L << 10;
            case 'm', 'M' -> 1L << 20;
            case 'g', 'G' -> 1L << 30;
            default -> 1;
          };
    }
    try {
      long number = Long.parseLong(unit == 1 ? digits : digits.substring(0, digits.length() - 1));
      if (number >= 0 && number <= Long.MAX_VALUE / unit) {
        return number * unit;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw new IOException("invalid number '" + text + "'");
  }

  private static int wc(Invocation call) throws IOException, InterruptedException {
    StringBuilder options = new StringBuilder();
    List<String> names = new ArrayList<>();
    for (String operand : call.operands()) {
      if (operand.startsWith("-") && operand.length() > 1) {
        options.append(operand.substring(1));
      } else {
        names.add(operand);
      }
    }
    String which = options.isEmpty() ? "lwc" : options.toString();
    return each(
        call,
        names,
        (name, file) -> {
          var pace = new Job.Pace();
          long lines = 0;
          long words = 0;
          long bytes = 0;
          boolean inWord = false;
          Buffer more;
          while ((more = file.read()) != null) {
            pace.step();
            bytes += more.length();
            for (int i = 0; i < more.length() && !which.equals("c"); i++) {
              byte b = more.getByte(i);
              lines += b == '\n' ? 1 : 0;
              boolean blank = b == ' ' || (b >= 9 && b <= 13);
              words += !blank && !inWord ? 1 : 0;
              inWord = !blank;
            }
          }
          List<String> columns = new ArrayList<>();
          if (which.indexOf('l') >= 0) {
            columns.add(Long.toString(lines));
          }
          if (which.indexOf('w') >= 0) {
            columns.add(Long.toString(words));
          }
          if (which.indexOf('c') >= 0) {
            columns.add(Long.toString(bytes));
          }
          if (!name.equals("-")) {
            columns.add(name);
          }
          call.out().line(String.join(" ", columns));
        });
  }

  private static int dd(Invocation call) throws IOException, InterruptedException {
    String from = "-";
    String to = "";
    long block = 512;
    long count = -1;
    for (String operand : call.operands()) {
      int equals = operand.indexOf('=');
      String value = operand.substring(equals + 1);
      switch (equals < 0 ? operand : operand.substring(0, equals)) {
        case "if" -> from = value;
        case "of" -> to = value;
        case "bs" -> block = size(value);
        case "count" -> count = size(value);
        case "status", "conv", "iflag", "oflag" -> {}
        default -> {
          return call.fail(1, "unrecognized operand '" + operand + "'");
        }
      }
    }
    if (block == 0 || (count > 0 && block > Long.MAX_VALUE / count)) {
      return call.fail(1, "number 0 or too large");
    }
    ByteSource source = call.open(from);
    long copied;
    try {
      Output target = to.isEmpty() ? call.out() : call.files().create(call.path(to), false);
      try {
        copied = copy(source, target, count < 0 ? Long.MAX_VALUE : count * block);
      } finally {
        if (!to.isEmpty()) {
          target.close();
        }
      }
    } finally {
      close(call, source);
    }
    String records = copied / block + "+" + (copied % block == 0 ? 0 : 1) + " records ";
    if (!call.operands().contains("status=none")) {
      call.err().line(records + "in\n" + records + "out\n" + copied + " bytes copied");
    }
    return 0;
  }

  private static int digest(Invocation call, String algorithm)
      throws IOException, InterruptedException {
    return each(
        call,
        call.operands(),
        (name, file) -> {
          MessageDigest digest;
          try {
            digest = MessageDigest.getInstance(algorithm);
          } catch (NoSuchAlgorithmException e) {
            throw new IOException(e);
          }
          var pace = new Job.Pace();
          Buffer more;
          while ((more = file.read()) != null) {
            pace.step();
            digest.update(more.getBytes());
          }
          call.out().line(HexFormat.of().formatHex(digest.digest()) + "  " + name);
        });
  }

  /** Finds lines that contain a text: no patterns. */
  private static int grep(Invocation call) throws IOException, InterruptedException {
    List<String> operands =
        call.operands().stream().filter(o -> !o.equals("-F") && !o.equals("-q")).toList();
    boolean quiet = call.operands().contains("-q");
    if (operands.isEmpty() || operands.getFirst().startsWith("-")) {
      return call.fail(2, "usage: grep [-F] [-q] TEXT [FILE]...");
    }
    String wanted = operands.getFirst();
    boolean[] found = {false};
    int status =
        each(
            call,
            operands.subList(1, operands.size()),
            (name, file) -> {
              Input lines = file instanceof Input in ? in : FileInput.of(file, job(call));
              String line;
              while ((line = Lines.read(lines)) != null) {
                if (line.contains(wanted)) {
                  found[0] = true;
                  if (!quiet) {
                    call.out().write(Buffer.buffer((line + "\n").getBytes(StandardCharsets.UTF_8)));
                  }
                }
              }
            });
    return status != 0 ? 2 : found[0] ? 0 : 1;
  }

  private static Job job(Invocation call) {
    return call.environment().job();
  }
}
