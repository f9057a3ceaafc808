package io.hubspoke.testing.containers;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/** Images made of busybox alone, so that nothing has to be fetched. */
public final class TestImages {
  /** What holds the namespaces of a pod. */
  public static final String PAUSE = "hubspoke.test/pause:1";

  /** A shell and what goes with it. */
  public static final String BUSYBOX = "hubspoke.test/busybox:1";

  /** The same, as a user with a number. */
  public static final String NOBODY = "hubspoke.test/nobody:1";

  private TestImages() {}

  /** Makes an archive as {@code docker save} does; returns its path. */
  static Path archive(Path directory) throws Exception {
    Path root = Files.createDirectories(directory.resolve("image/root"));
    for (String name : List.of("bin", "dev", "etc", "proc", "sys", "tmp", "root")) {
      Files.createDirectories(root.resolve(name));
    }
    Path busybox = root.resolve("bin/busybox");
    Files.copy(Path.of(Containerd.run(List.of("sh", "-c", "command -v busybox")).strip()), busybox);
    for (String applet : Containerd.run(List.of("busybox", "--list")).split("\n", -1)) {
      if (!applet.isEmpty() && !applet.equals("busybox")) {
        Files.createSymbolicLink(root.resolve("bin").resolve(applet), Path.of("busybox"));
      }
    }
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
    Path image = root.getParent();
    tar(image.resolve("layer.tar"), root, ".");
    String layer =
        "sha256:"
            + HexFormat.of()
                .formatHex(
                    MessageDigest.getInstance("SHA-256")
                        .digest(Files.readAllBytes(image.resolve("layer.tar"))));
    JsonArray manifest = new JsonArray();
    add(manifest, image, layer, PAUSE, "", "/bin/sleep", "1000000000");
    add(manifest, image, layer, BUSYBOX, "", "/bin/sh");
    add(manifest, image, layer, NOBODY, "65534", "/bin/sh");
    Files.writeString(image.resolve("manifest.json"), manifest.encode());
    Path archive = directory.resolve("images.tar");
    tar(archive, image, "manifest.json", "layer.tar", "0.json", "1.json", "2.json");
    return archive;
  }

  private static void add(
      JsonArray manifest, Path image, String layer, String name, String user, String... command)
      throws Exception {
    String file = manifest.size() + ".json";
    JsonObject run =
        new JsonObject()
            .put("User", user)
            .put("Env", JsonArray.of("PATH=/bin"))
            .put("Cmd", new JsonArray(List.of(command)));
    JsonObject rootfs = new JsonObject().put("type", "layers").put("diff_ids", JsonArray.of(layer));
    JsonObject config =
        new JsonObject()
            .put("architecture", architecture())
            .put("os", "linux")
            .put("config", run)
            .put("rootfs", rootfs);
    Files.writeString(image.resolve(file), config.encode());
    manifest.add(
        new JsonObject()
            .put("Config", file)
            .put("RepoTags", JsonArray.of(name))
            .put("Layers", JsonArray.of("layer.tar")));
  }

  private static void tar(Path archive, Path from, String... names) throws Exception {
    List<String> command =
        new java.util.ArrayList<>(
            List.of("busybox", "tar", "-C", from.toString(), "-cf", archive.toString()));
    command.addAll(List.of(names));
    Containerd.run(command);
  }

  private static String architecture() {
    return System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
  }
}
