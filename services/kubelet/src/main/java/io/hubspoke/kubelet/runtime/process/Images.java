package io.hubspoke.kubelet.runtime.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.hubspoke.kubelet.runtime.ContainerRuntime.ImageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The images of a node: names for commands that are on this machine already; nothing is pulled.
 *
 * <ul>
 *   <li>{@code hubspoke/host}: the machine's own commands, its {@code /usr} and libraries
 *       read-only;
 *   <li>{@code busybox}, where busybox is installed: its applets, in a root with nothing else;
 *   <li>each folder of the image directory, by its path there, such as {@code team/web:1.2}: with
 *       {@code rootfs/}, a root file system, or {@code bin/}, commands that come before the
 *       machine's own; and optionally {@code config.json}, the object {@code config} of an OCI
 *       image: {@code Entrypoint}, {@code Cmd}, {@code Env}, {@code WorkingDir}, {@code User}.
 * </ul>
 *
 * A name without a tag means {@code :latest}, and a folder without one is that.
 */
final class Images {
  static final String HOST = "hubspoke/host:latest";
  static final String BUSYBOX = "busybox:latest";

  private static final String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  private static final List<Path> BUSYBOX_PLACES =
      List.of(Path.of("/bin/busybox"), Path.of("/usr/bin/busybox"), Path.of("/sbin/busybox"));
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path directory;
  private final Path built;
  private final boolean ownRoots;

  /**
   * Makes the images of a node.
   *
   * @param directory with a folder for each image, or null
   * @param built where roots are put that are made here
   * @param ownRoots whether a container can have another root than the machine's
   */
  Images(Path directory, Path built, boolean ownRoots) {
    this.directory = directory;
    this.built = built;
    this.ownRoots = ownRoots;
  }

  /** Returns the names of all there are. */
  List<String> names() {
    TreeSet<String> names = new TreeSet<>();
    names.add(HOST);
    if (busybox().isPresent()) {
      names.add(BUSYBOX);
    }
    if (directory != null) {
      collect(directory, "", 0, names);
    }
    return List.copyOf(names);
  }

  /**
   * Returns an image.
   *
   * @throws ImageException when there is none of the name, or it can't be used
   */
  Image find(String reference) {
    String name = normalized(reference);
    if (name.equals(HOST)) {
      return image(name, null, null, List.of(), List.of("/bin/sh"));
    }
    if (directory != null) {
      for (String folder :
          name.endsWith(":latest")
              ? List.of(name, name.substring(0, name.length() - ":latest".length()))
              : List.of(name)) {
        Path path = directory.resolve(folder).normalize();
        if (path.startsWith(directory) && !path.equals(directory) && isImage(path)) {
          return read(name, path);
        }
      }
    }
    Optional<Path> busybox = busybox();
    if (name.equals(BUSYBOX) && busybox.isPresent()) {
      try {
        return ownRoots
            ? image(name, busyboxRoot(busybox.get()), null, List.of(), List.of("sh"))
            : image(
                name, null, busyboxRoot(busybox.get()).resolve("bin"), List.of(), List.of("sh"));
      } catch (IOException e) {
        throw new ImageException("failed to make image \"" + reference + "\": " + e.getMessage());
      }
    }
    throw new ImageException(
        "failed to resolve image \""
            + reference
            + "\": not found; this node's runtime has "
            + String.join(", ", names())
            + " and pulls nothing");
  }

  /** Cuts the default registry and a digest off, and adds the default tag. */
  static String normalized(String reference) {
    String name = reference;
    for (String prefix : List.of("docker.io/library/", "docker.io/")) {
      if (name.startsWith(prefix)) {
        name = name.substring(prefix.length());
        break;
      }
    }
    int digest = name.indexOf('@');
    name = digest < 0 ? name : name.substring(0, digest);
    return name.indexOf(':', name.lastIndexOf('/') + 1) < 0 ? name + ":latest" : name;
  }

  private static Image image(
      String name, Path rootfs, Path bin, List<String> entrypoint, List<String> command) {
    return new Image(name, rootfs, bin, entrypoint, command, Map.of("PATH", PATH), "/", -1);
  }

  private Image read(String name, Path folder) {
    Path rootfs = folder.resolve("rootfs");
    Path bin = folder.resolve("bin");
    boolean own = Files.isDirectory(rootfs);
    if (own && !ownRoots) {
      throw new ImageException(
          "image \""
              + name
              + "\" has a root file system of its own, which needs namespaces; this node's"
              + " containers have none");
    }
    JsonNode config;
    try {
      Path file = folder.resolve("config.json");
      config =
          Files.exists(file) ? JSON.readTree(Files.readAllBytes(file)) : JSON.createObjectNode();
    } catch (IOException e) {
      throw new ImageException("config.json of image \"" + name + "\": " + e.getMessage());
    }
    Map<String, String> env = new LinkedHashMap<>(Map.of("PATH", PATH));
    for (String entry : strings(name, config, "Env")) {
      int equals = entry.indexOf('=');
      if (equals > 0) {
        env.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    String workingDir = config.path("WorkingDir").asText("");
    return new Image(
        name,
        own ? rootfs : null,
        own || !Files.isDirectory(bin) ? null : bin,
        strings(name, config, "Entrypoint"),
        strings(name, config, "Cmd"),
        env,
        workingDir.startsWith("/") ? workingDir : "/",
        user(name, config.path("User").asText("")));
  }

  private static List<String> strings(String image, JsonNode config, String field) {
    List<String> strings = new ArrayList<>();
    for (JsonNode value : config.path(field)) {
      if (!value.isTextual()) {
        throw new ImageException(
            "config.json of image \"" + image + "\": " + field + " must be a list of strings");
      }
      strings.add(value.asText());
    }
    return strings;
  }

  private static int user(String image, String user) {
    if (user.isEmpty()) {
      return -1;
    }
    try {
      return Integer.parseUnsignedInt(user);
    } catch (NumberFormatException e) {
      throw new ImageException(
          "config.json of image \"" + image + "\": User must be a number, but is \"" + user + "\"");
    }
  }

  private static boolean isImage(Path folder) {
    return Files.isDirectory(folder.resolve("rootfs")) || Files.isDirectory(folder.resolve("bin"));
  }

  private static void collect(Path folder, String prefix, int depth, Set<String> names) {
    try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
      for (Path child : children) {
        String name = prefix + child.getFileName();
        if (isImage(child)) {
          names.add(normalized(name));
        } else if (depth < 3 && Files.isDirectory(child)) {
          collect(child, name + "/", depth + 1, names);
        }
      }
    } catch (IOException e) {
      // A folder that can't be read holds no image that could be used.
      return;
    }
  }

  private static Optional<Path> busybox() {
    return BUSYBOX_PLACES.stream().filter(Files::isExecutable).findFirst();
  }

  /** Makes a root with busybox and its applets, once. */
  private synchronized Path busyboxRoot(Path busybox) throws IOException {
    Path root = built.resolve("busybox/rootfs");
    Path bin = root.resolve("bin");
    if (Files.isSymbolicLink(bin.resolve("sh"))) {
      return root;
    }
    Files.createDirectories(bin);
    Files.createDirectories(root.resolve("etc"));
    Files.copy(busybox, bin.resolve("busybox"), StandardCopyOption.REPLACE_EXISTING);
    var unused = bin.resolve("busybox").toFile().setExecutable(true, false);
    Files.writeString(
        root.resolve("etc/passwd"),
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n");
    Files.writeString(root.resolve("etc/group"), "root:x:0:\nnogroup:x:65534:\n");
    Process list =
        new ProcessBuilder(busybox.toString(), "--list")
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .start();
    String applets = new String(list.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    for (String applet : applets.lines().filter(a -> !a.equals("sh")).toList()) {
      link(bin.resolve(applet));
    }
    // Last: it says that the rest is there.
    link(bin.resolve("sh"));
    return root;
  }

  private static void link(Path applet) throws IOException {
    try {
      Files.createSymbolicLink(applet, Path.of("busybox"));
    } catch (FileAlreadyExistsException e) {
      return;
    }
  }
}
