package io.hubspoke.kubelet.runtime.shell;

import io.hubspoke.kubelet.runtime.shell.Command.Invocation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Commands about the names of files. */
final class FileCommands {
  private FileCommands() {}

  static Map<String, Command> all() {
    return Map.of(
        "ls", FileCommands::ls,
        "pwd", FileCommands::pwd,
        "mkdir", FileCommands::mkdir,
        "rm", FileCommands::rm,
        "rmdir", FileCommands::rm,
        "touch", FileCommands::touch,
        "which", FileCommands::which);
  }

  private static int pwd(Invocation call) throws IOException, InterruptedException {
    call.out().line(call.environment().directory());
    return 0;
  }

  private static int ls(Invocation call) throws IOException, InterruptedException {
    boolean details = false;
    boolean hidden = false;
    List<String> names = new ArrayList<>();
    for (String operand : call.operands()) {
      if (operand.startsWith("-") && operand.length() > 1) {
        details |= operand.indexOf('l') > 0;
        hidden |= operand.indexOf('a') > 0 || operand.indexOf('A') > 0;
      } else {
        names.add(operand);
      }
    }
    if (names.isEmpty()) {
      names.add(".");
    }
    int status = 0;
    for (String name : names) {
      try {
        list(call, name, names.size() > 1, details, hidden);
      } catch (Output.BrokenPipe e) {
        throw e;
      } catch (IOException e) {
        status = call.fail(1, name + ": " + e.getMessage());
      }
    }
    return status;
  }

  private static void list(
      Invocation call, String name, boolean titled, boolean details, boolean hidden)
      throws IOException, InterruptedException {
    String path = call.path(name);
    ContainerFiles.Entry entry = call.files().stat(path);
    List<ContainerFiles.Entry> entries =
        entry.directory()
            ? call.files().list(path)
            : List.of(new ContainerFiles.Entry(name, false, entry.size()));
    if (titled && entry.directory()) {
      call.out().line(name + ":");
    }
    for (ContainerFiles.Entry one : entries) {
      if (hidden || !one.name().startsWith(".")) {
        call.out()
            .line(
                details
                    ? "%s %8d %s"
                        .formatted(
                            one.directory() ? "drwxr-xr-x" : "-rw-r--r--", one.size(), one.name())
                    : one.name());
      }
    }
  }

  private static int mkdir(Invocation call) throws IOException, InterruptedException {
    boolean parents = call.operands().contains("-p");
    int status = 0;
    for (String name : call.operands()) {
      if (!name.startsWith("-")) {
        try {
          call.files().makeDirectory(call.path(name), parents);
        } catch (IOException e) {
          status = call.fail(1, "can't create directory '" + name + "': " + e.getMessage());
        }
      }
    }
    return status;
  }

  private static int rm(Invocation call) throws IOException, InterruptedException {
    boolean force = false;
    boolean recursive = call.name().endsWith("rmdir");
    int status = 0;
    for (String name : call.operands()) {
      if (name.startsWith("-") && name.length() > 1) {
        force |= name.indexOf('f') > 0;
        recursive |= name.indexOf('r') > 0 || name.indexOf('R') > 0;
        continue;
      }
      try {
        remove(call, call.path(name), recursive, !call.name().endsWith("rmdir"));
      } catch (IOException e) {
        if (!force || call.files().exists(call.path(name))) {
          status = call.fail(1, "can't remove '" + name + "': " + e.getMessage());
        }
      }
    }
    return status;
  }

  private static void remove(Invocation call, String path, boolean recursive, boolean contents)
      throws IOException {
    if (call.files().stat(path).directory()) {
      if (!recursive) {
        throw new IOException("Is a directory");
      }
      if (contents) {
        for (ContainerFiles.Entry entry : call.files().list(path)) {
          remove(call, ContainerFiles.absolute(path, entry.name()), true, true);
        }
      }
    }
    call.files().remove(path);
  }

  private static int touch(Invocation call) throws IOException, InterruptedException {
    for (String name : call.operands()) {
      call.files().create(call.path(name), true).close();
    }
    return 0;
  }

  private static int which(Invocation call) throws IOException, InterruptedException {
    int status = 0;
    for (String name : call.operands()) {
      if (Commands.find(name) == null) {
        status = 1;
      } else {
        call.out().line(name.contains("/") ? name : "/bin/" + name);
      }
    }
    return status;
  }
}
