package io.hubspoke.kubelet.volumes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.hubspoke.kubelet.runtime.ContainerRuntime.Mount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerMountsTest {
  @TempDir private Path root;
  private String page = "one";

  private final PodObjects objects =
      new PodObjects() {
        @Override
        public Optional<ConfigMap> configMap(String name) {
          return Optional.of(new ConfigMapBuilder().addToData("index.html", page).build());
        }

        @Override
        public Optional<Secret> secret(String name) {
          return Optional.empty();
        }
      };

  private Pod pod(VolumeMount mount) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("web")
        .withNamespace("default")
        .withUid("u1")
        .endMetadata()
        .withNewSpec()
        .addNewVolume()
        .withName("scratch")
        .withNewEmptyDir()
        .endEmptyDir()
        .endVolume()
        .addNewVolume()
        .withName("pages")
        .withNewConfigMap()
        .withName("pages")
        .withDefaultMode(0400)
        .endConfigMap()
        .endVolume()
        .addNewContainer()
        .withName("main")
        .withVolumeMounts(mount)
        .endContainer()
        .endSpec()
        .build();
  }

  private VolumeMountBuilder at(String volume) {
    return new VolumeMountBuilder().withName(volume).withMountPath("/data");
  }

  private PodVolumes volumes(Pod pod) throws MountException {
    PodVolumes volumes =
        new PodVolumes(
            new PodDirectory(root, "u1"), objects, null, new DownwardApi(Map.of()), false);
    mount(pod, volumes);
    return volumes;
  }

  private static void mount(Pod pod, PodVolumes volumes) throws MountException {
    for (var volume : pod.getSpec().getVolumes()) {
      volumes.mount(pod, volume);
    }
  }

  private Mount only(Pod pod, PodVolumes volumes, Map<String, String> env) throws MountException {
    List<Mount> mounts =
        new ContainerMounts(new PodDirectory(root, "u1"), volumes)
            .of(pod, pod.getSpec().getContainers().getFirst(), env);
    assertThat(mounts).hasSize(1);
    return mounts.getFirst();
  }

  @Test
  void aConfigMapIsReadOnlyAndChangesUnderTheContainer() throws Exception {
    Pod pod = pod(at("pages").build());
    PodVolumes volumes = volumes(pod);
    Mount mount = only(pod, volumes, Map.of());
    assertThat(mount.readOnly()).isTrue();
    Path file = mount.hostPath().resolve("index.html");
    assertThat(file).hasContent("one");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("r--------");
    page = "two";
    mount(pod, volumes);
    assertThat(file).hasContent("two");
  }

  @Test
  void aFileOfAConfigMapMountedByItselfStaysAsItWas() throws Exception {
    Pod pod = pod(at("pages").withSubPath("index.html").build());
    PodVolumes volumes = volumes(pod);
    Mount mount = only(pod, volumes, Map.of());
    page = "two";
    mount(pod, volumes);
    assertThat(mount.hostPath()).hasContent("one");
    assertThat(only(pod, volumes, Map.of()).hostPath()).hasContent("two");
  }

  @Test
  void aSubPathIsMadeAndMayNameVariables() throws Exception {
    Pod pod = pod(at("scratch").withSubPathExpr("logs/$(NODE)").build());
    PodVolumes volumes = volumes(pod);
    Mount mount = only(pod, volumes, Map.of("NODE", "n1"));
    assertThat(mount.readOnly()).isFalse();
    assertThat(mount.hostPath()).isDirectory().endsWithRaw(Path.of("logs", "n1"));
    assertThatThrownBy(() -> only(pod, volumes, Map.of()))
        .hasMessageContaining("missing value for \"NODE\"");
    assertThatThrownBy(() -> only(pod, volumes, Map.of("NODE", "../../..")))
        .hasMessageContaining("must not contain '..'");
  }

  @Test
  void aLinkThatAContainerMadeDoesNotLeadOutOfTheVolume() throws Exception {
    Pod pod = pod(at("scratch").withSubPath("out/etc").build());
    PodVolumes volumes = volumes(pod);
    Path scratch = volumes.path("scratch").orElseThrow();
    Files.createSymbolicLink(scratch.resolve("out"), Path.of("/"));
    assertThatThrownBy(() -> only(pod, volumes, Map.of()))
        .hasMessageContaining("leads out of its volume");
    Files.delete(scratch.resolve("out"));
    Files.createSymbolicLink(scratch.resolve("out"), Path.of("../../../../.."));
    assertThatThrownBy(() -> only(pod, volumes, Map.of()))
        .hasMessageContaining("leads out of its volume");
  }

  @Test
  void whatCannotBeMountedSoIsRefused() throws Exception {
    Pod pod = pod(at("scratch").withMountPropagation("Bidirectional").build());
    PodVolumes volumes = volumes(pod);
    assertThatThrownBy(() -> only(pod, volumes, Map.of()))
        .hasMessage(
            "volumeMount \"scratch\" of container \"main\": mountPropagation Bidirectional is not"
                + " supported");
  }

  @Test
  void anEmptyDirStaysWithItsPodAndSaysWhenItIsTooBig() throws Exception {
    Pod pod = pod(at("scratch").build());
    PodVolumes volumes = volumes(pod);
    Path scratch = volumes.path("scratch").orElseThrow();
    Files.writeString(scratch.resolve("big"), "0123456789");
    PodDirectory.deleteLeftovers(root);
    assertThat(scratch.resolve("big")).exists();
    assertThat(root.resolve("pods/u1/volumes/kubernetes.io~configmap")).doesNotExist();
    assertThat(volumes.overLimit(pod)).isEmpty();
    pod.getSpec()
        .getVolumes()
        .getFirst()
        .getEmptyDir()
        .setSizeLimit(new io.fabric8.kubernetes.api.model.Quantity("9"));
    assertThat(volumes.overLimit(pod)).isPresent();
    PodDirectory.deleteOrphans(root, uid -> false);
    assertThat(root.resolve("pods/u1")).doesNotExist();
  }
}
