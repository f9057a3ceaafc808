package io.hubspoke.kubelet.runtime.shell;

import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * {@code tar}, as {@code kubectl cp} calls it: writes files and directories to its output, and
 * takes them out of its input, in the ustar format with long names in GNU's or POSIX's way.
 */
final class Tar implements Command {
  private static final int BLOCK = 512;
  private static final int MAX_NAME = 4096;

  @Override
  public int run(Invocation call) throws IOException, InterruptedException {
    String flags = "";
    String directory = call.environment().directory();
    List<String> names = new ArrayList<>();
    // Nobody owns anything here.
    List<String> operands =
        call.operands().stream().filter(o -> !o.startsWith("--no-same-")).toList();
    for (int i = 0; i < operands.size(); i++) {
      String operand = operands.get(i);
      if (operand.equals("-C") && i + 1 < operands.size()) {
        directory = ContainerFiles.absolute(directory, operands.get(++i));
      } else if (i == 0 || (operand.startsWith("-") && operand.length() > 1)) {
        flags += operand.replace("-", "");
        if (operand.indexOf('f') >= 0 && (++i >= operands.size() || !operands.get(i).equals("-"))) {
          return call.fail(2, "only - is supported as the archive");
        }
      } else {
        names.add(operand);
      }
    }
    if (flags.indexOf('z') >= 0 || flags.indexOf('j') >= 0) {
      return call.fail(2, "compression is not supported");
    }
    if (flags.indexOf('c') >= 0) {
      return create(call, directory, names);
    }
    if (flags.indexOf('x') >= 0 || flags.indexOf('t') >= 0) {
      return extract(call, directory, flags.indexOf('t') >= 0);
    }
    return call.fail(2, "one of -c, -x or -t is needed");
  }

  private static int create(Invocation call, String directory, List<String> names)
      throws IOException, InterruptedException {
    int status = 0;
    for (String name : names) {
      String path = ContainerFiles.absolute(directory, name);
      String member = name.startsWith("/") ? path.substring(1) : name;
      try {
        call.files().stat(path);
      } catch (IOException e) {
        status = call.fail(1, name + ": " + e.getMessage());
        continue;
      }
      add(call, path, member.isEmpty() ? "." : member);
    }
    call.out().write(Buffer.buffer(new byte[2 * BLOCK]));
    return status;
  }

  private static void add(Invocation call, String path, String member)
      throws IOException, InterruptedException {
    ContainerFiles.Entry entry = call.files().stat(path);
    if (entry.directory()) {
      header(call.out(), member + "/", 0, '5');
      for (ContainerFiles.Entry one : call.files().list(path)) {
        add(call, ContainerFiles.absolute(path, one.name()), member + "/" + one.name());
      }
      return;
    }
    header(call.out(), member, entry.size(), '0');
    ByteSource file = call.files().open(path);
    long left = entry.size();
    try {
      Buffer more;
      while (left > 0 && (more = file.read()) != null) {
        Buffer part = more.length() <= left ? more : more.slice(0, (int) left);
        call.out().write(part);
        left -= part.length();
      }
    } finally {
      file.close();
    }
    // A file that became shorter meanwhile is filled up, as tar does.
    while (left > 0) {
      int zeros = (int) Math.min(left, 1 << 16);
      call.out().write(Buffer.buffer(new byte[zeros]));
      left -= zeros;
    }
    pad(call.out(), entry.size());
  }

  private static void pad(Output out, long size) throws IOException, InterruptedException {
    int rest = (int) (size % BLOCK);
    if (rest > 0) {
      out.write(Buffer.buffer(new byte[BLOCK - rest]));
    }
  }

  private static void header(Output out, String name, long size, char type)
      throws IOException, InterruptedException {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > 100) {
      header(out, "././@LongLink", bytes.length + 1, 'L');
      out.write(Buffer.buffer(bytes).appendByte((byte) 0));
      pad(out, bytes.length + 1);
    }
    byte[] head = new byte[BLOCK];
    System.arraycopy(bytes, 0, head, 0, Math.min(100, bytes.length));
    put(head, 100, type == '5' ? "0000755" : "0000644");
    put(head, 108, "0000000");
    put(head, 116, "0000000");
    put(head, 124, "%011o".formatted(size));
    put(head, 136, "%011o".formatted(System.currentTimeMillis() / 1000));
    put(head, 148, "        ");
    head[156] = (byte) type;
    put(head, 257, "ustar");
    put(head, 263, "00");
    int sum = 0;
    for (byte b : head) {
      sum += b & 0xff;
    }
    put(head, 148, "%06o\0 ".formatted(sum));
    out.write(Buffer.buffer(head));
  }

  private static void put(byte[] head, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, head, at, bytes.length);
  }

  private static int extract(Invocation call, String directory, boolean list)
      throws IOException, InterruptedException {
    if (!call.files().stat(directory).directory()) {
      return call.fail(1, directory + ": Not a directory");
    }
    String longName = null;
    int status = 0;
    byte[] head;
    while ((head = block(call.in())) != null && head[0] != 0) {
      long size = size(head);
      char type = (char) head[156];
      switch (type) {
        case 'L' -> longName = text(content(call.in(), size));
        case 'x' -> longName = path(content(call.in(), size), longName);
        case 'g' -> copy(call.in(), data -> {}, size);
        default -> {
          String name = longName == null ? name(head) : longName;
          longName = null;
          if (list) {
            call.out().line(name);
          }
          status |= member(call, directory, name, type, size, list);
        }
      }
    }
    // What pads the archive's end is read, so that its writer is not broken off.
    while (call.in().read() != null) {}
    return status;
  }

  private static int member(
      Invocation call, String directory, String name, char type, long size, boolean list)
      throws IOException, InterruptedException {
    // Names that climb stay in the directory: absolute() can't leave the root it is given.
    String path = ContainerFiles.absolute("/", directory + ContainerFiles.absolute("/", name));
    Output out = data -> {};
    int status = 0;
    try {
      if (!list && type == '5') {
        call.files().makeDirectory(path, true);
      } else if (!list && (type == '0' || type == 0)) {
        out = call.files().create(path, false);
      } else if (!list) {
        status = call.fail(1, name + ": links and devices are not supported");
      }
    } catch (IOException e) {
      status = call.fail(1, name + ": " + e.getMessage());
    }
    try {
      copy(call.in(), out, size);
    } finally {
      out.close();
    }
    return status;
  }

  private static void copy(Input in, Output out, long size)
      throws IOException, InterruptedException {
    long left = size;
    IOException failure = null;
    while (left > 0) {
      Buffer more = some(in, left);
      left -= more.length();
      try {
        if (failure == null) {
          out.write(more);
        }
      } catch (IOException e) {
        failure = e;
      }
    }
    long rest = (BLOCK - size % BLOCK) % BLOCK;
    while (rest > 0) {
      rest -= some(in, rest).length();
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static Buffer some(Input in, long most) throws IOException, InterruptedException {
    Buffer more = in.read();
    if (more == null) {
      throw new IOException("short read");
    }
    if (more.length() > most) {
      in.unread(more.slice((int) most, more.length()));
      return more.slice(0, (int) most);
    }
    return more;
  }

  private static byte[] block(Input in) throws IOException, InterruptedException {
    Buffer first = in.read();
    if (first == null) {
      return null;
    }
    in.unread(first);
    return exactly(in, BLOCK);
  }

  private static byte[] exactly(Input in, int count) throws IOException, InterruptedException {
    Buffer all = Buffer.buffer();
    while (all.length() < count) {
      all.appendBuffer(some(in, count - all.length()));
    }
    return all.getBytes();
  }

  private static byte[] content(Input in, long size) throws IOException, InterruptedException {
    if (size > MAX_NAME) {
      throw new IOException("a header of " + size + " bytes");
    }
    byte[] content = exactly(in, (int) size);
    var _ = exactly(in, (int) ((BLOCK - size % BLOCK) % BLOCK));
    return content;
  }

  private static String text(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }

  private static String name(byte[] head) {
    String name = text(Arrays.copyOfRange(head, 0, 100));
    String prefix = text(Arrays.copyOfRange(head, 345, 500));
    boolean posix = head[257] == 'u' && head[262] == 0;
    return posix && !prefix.isEmpty() ? prefix + "/" + name : name;
  }

  private static long size(byte[] head) throws IOException {
    if ((head[124] & 0x80) != 0) {
      throw new IOException("a file above 8 GiB");
    }
    try {
      String octal = text(Arrays.copyOfRange(head, 124, 136)).strip();
      return octal.isEmpty() ? 0 : Long.parseUnsignedLong(octal, 8);
    } catch (NumberFormatException e) {
      throw new IOException("invalid tar header", e);
    }
  }

  /** Reads the path of an extended header: lines of length, key and value. */
  private static String path(byte[] content, String otherwise) {
    String all = new String(content, StandardCharsets.UTF_8);
    int at = all.indexOf(" path=");
    if (at < 0) {
      return otherwise;
    }
    int end = all.indexOf('\n', at);
    return all.substring(at + 6, end < 0 ? all.length() : end);
  }
}
