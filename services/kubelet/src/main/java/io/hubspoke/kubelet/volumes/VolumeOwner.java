package io.hubspoke.kubelet.volumes;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * To whom the files of a pod's volumes belong (Kubernetes documentation, "Configure a Security
 * Context for a Pod"). Only root can give files away; otherwise containers run as the kubelet's own
 * user, whose they are.
 *
 * @param group {@code fsGroup}, or -1
 * @param user whom all containers run as, or -1 where they differ or don't say
 */
record VolumeOwner(long group, long user) {
  private static final boolean ROOT = "root".equals(System.getProperty("user.name"));
  private static final int SET_GROUP_ID = 02000;

  static VolumeOwner of(Pod pod) {
    var security = pod.getSpec().getSecurityContext();
    long group = security == null || security.getFsGroup() == null ? -1 : security.getFsGroup();
    Long ofPod = security == null ? null : security.getRunAsUser();
    Set<Long> users = new HashSet<>();
    for (Container container :
        Stream.concat(
                pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream())
            .toList()) {
      var own = container.getSecurityContext();
      Long user = own != null && own.getRunAsUser() != null ? own.getRunAsUser() : ofPod;
      users.add(user == null ? -1L : user);
    }
    return new VolumeOwner(group, users.size() == 1 ? users.iterator().next() : -1);
  }

  /** Returns the mode of a file with a service account's token. */
  int tokenMode(int mode) {
    return ROOT && (group >= 0 || user >= 0) ? 0600 : mode;
  }

  /** Sets owner and permissions of a file that only the kubelet writes. */
  void giveFile(Path file, int mode, long uid) throws IOException {
    int readable = group < 0 ? mode : mode | 0440;
    Files.setAttribute(file, "unix:mode", readable, LinkOption.NOFOLLOW_LINKS);
    if (ROOT && uid >= 0) {
      Files.setAttribute(file, "unix:uid", (int) uid, LinkOption.NOFOLLOW_LINKS);
    }
    giveToGroup(file);
  }

  /** Sets owner and permissions of a directory, whose new files are the group's too. */
  void giveDirectory(Path directory, int mode) throws IOException {
    giveToGroup(directory);
    // After the owner: a change of it takes the set-group-ID bit away.
    int bits = group < 0 ? mode : mode | 0550 | SET_GROUP_ID;
    Files.setAttribute(directory, "unix:mode", bits, LinkOption.NOFOLLOW_LINKS);
  }

  private void giveToGroup(Path path) throws IOException {
    if (ROOT && group >= 0) {
      Files.setAttribute(path, "unix:gid", (int) group, LinkOption.NOFOLLOW_LINKS);
    }
  }
}
