package io.hubspoke.lab;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs {@code hubspoke} again, in a process of its own. */
final class OwnCommand {
  private OwnCommand() {}

  /** Starts a server, whose complaints go where this process's go. */
  static Process start(List<String> arguments) throws IOException {
    return new ProcessBuilder(with(arguments))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /**
   * Starts a component as a person would, by the launcher, which has options of its own for some;
   * without a launcher, as this process was started.
   */
  static Process component(List<String> arguments) throws IOException {
    return new ProcessBuilder(launched(arguments))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** Returns the command line of a person who starts it by the launcher, if there is one. */
  static List<String> launched(List<String> arguments) throws IOException {
    // Not where its classes say that they are from: an AOT cache has that from where it was made.
    var jars = System.getProperty("java.class.path").split(File.pathSeparator, -1);
    var launcher = Path.of(jars[0]).resolveSibling(Path.of("..", "bin", "hubspoke"));
    if (!Files.isExecutable(launcher)) {
      return with(arguments);
    }
    var command = new ArrayList<String>();
    command.add(launcher.toString());
    command.addAll(arguments);
    return command;
  }

  /** Starts one that says something first, which who starts it must read. */
  static Process speaking(List<String> arguments) throws IOException {
    return new ProcessBuilder(with(arguments))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** Starts one that is told by its input what to do, in a JVM with more options. */
  static Process child(List<String> jvmOptions, List<String> arguments) throws IOException {
    var command = new ArrayList<>(with(arguments));
    // The last one counts.
    command.addAll(command.indexOf("-cp"), jvmOptions);
    var child = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    // Else glibc keeps a pool of native memory for each thread that ever asked for some.
    child.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
    return child.start();
  }

  /** Returns the command line of this process, launcher's options and all, with other arguments. */
  static List<String> with(List<String> arguments) throws IOException {
    var self = ProcessHandle.current().info();
    var command = new ArrayList<String>();
    command.add(
        self.command().orElseThrow(() -> new IOException("cannot tell how this JVM was started")));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Hubspoke.class.getName());
    command.addAll(arguments);
    return command;
  }
}
