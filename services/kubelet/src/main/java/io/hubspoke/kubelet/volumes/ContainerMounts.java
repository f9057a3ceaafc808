package io.hubspoke.kubelet.volumes;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Works out what a container sees of its pod's volumes. */
public final class ContainerMounts {
  private final PodDirectory directory;
  private final PodVolumes volumes;

  public ContainerMounts(PodDirectory directory, PodVolumes volumes) {
    this.directory = directory;
    this.volumes = volumes;
  }

  /**
   * Returns the mounts of a container whose pod has its volumes.
   *
   * @param env the container's variables, which {@code subPathExpr} may name
   * @throws MountException when one can't be had as it is wanted
   */
  public List<Mount> of(Pod pod, Container container, Map<String, String> env)
      throws MountException {
    if (!container.getVolumeDevices().isEmpty()) {
      throw new MountException("volumeDevices are not supported");
    }
    List<Mount> mounts = new ArrayList<>();
    for (VolumeMount mount : container.getVolumeMounts()) {
      mounts.add(mount(pod, container, mount, mounts.size(), env));
    }
    return mounts;
  }

  private Mount mount(
      Pod pod, Container container, VolumeMount mount, int index, Map<String, String> env)
      throws MountException {
    String of =
        "volumeMount \"" + mount.getName() + "\" of container \"" + container.getName() + "\"";
    String propagation = mount.getMountPropagation();
    if (propagation != null && !propagation.isEmpty() && !propagation.equals("None")) {
      throw new MountException(of + ": mountPropagation " + propagation + " is not supported");
    }
    if ("Enabled".equals(mount.getRecursiveReadOnly())) {
      throw new MountException(of + ": recursiveReadOnly Enabled is not supported");
    }
    Volume volume =
        pod.getSpec().getVolumes().stream()
            .filter(v -> v.getName().equals(mount.getName()))
            .findFirst()
            .orElseThrow(() -> new MountException(of + ": there is no such volume"));
    Path path =
        volumes
            .path(mount.getName())
            .orElseThrow(() -> new MountException(of + ": the volume is not mounted yet"));
    boolean written = writtenByKubelet(volume);
    String sub = subpath(mount, env, of);
    if (sub.isEmpty()) {
      path = real(path);
    } else {
      try {
        path = Subpath.resolve(path, sub);
        if (written && Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
          path = real(keep(path, container, mount, index));
        }
      } catch (IOException e) {
        throw new MountException("failed to prepare subPath for " + of + ": " + e.getMessage());
      } catch (MountException e) {
        throw new MountException("failed to prepare subPath for " + of + ": " + e.getMessage());
      }
    }
    String at = mount.getMountPath().startsWith("/") ? "" : "/";
    return new Mount(
        path, at + mount.getMountPath(), written || Boolean.TRUE.equals(mount.getReadOnly()));
  }

  /** Returns a path without links, which runtimes follow none of; as it is where nothing is. */
  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      // What is wrong with it is told when it is mounted.
      return path;
    }
  }

  /** Keeps a file that goes when its volume is written anew, as a mount of it would. */
  private Path keep(Path file, Container container, VolumeMount mount, int index)
      throws IOException {
    Path link = directory.subpath(mount.getName(), container.getName(), index);
    Files.createDirectories(link.getParent());
    Files.deleteIfExists(link);
    return Files.createLink(link, file);
  }

  private static String subpath(VolumeMount mount, Map<String, String> env, String of)
      throws MountException {
    String expression = mount.getSubPathExpr();
    if (expression == null || expression.isEmpty()) {
      return mount.getSubPath() == null ? "" : mount.getSubPath();
    }
    List<String> missing = new ArrayList<>();
    String expanded =
        VariableExpansion.expand(
            expression,
            name -> {
              String value = env.get(name);
              if (value == null) {
                missing.add(name);
              }
              return value;
            });
    if (!missing.isEmpty()) {
      throw new MountException(
          of + ": subPathExpr: missing value for \"" + missing.getFirst() + "\"");
    }
    return expanded;
  }

  private static boolean writtenByKubelet(Volume volume) {
    return volume.getConfigMap() != null
        || volume.getSecret() != null
        || volume.getDownwardAPI() != null
        || volume.getProjected() != null;
  }
}
