package io.hubspoke.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hubspoke.apiserver.store.StorageOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class StorageFlagsTest {
  private static final String TLS =
      "--storage-peer-cert-file=c --storage-peer-key-file=k --storage-peer-trusted-ca-file=a";

  @Test
  void keepsObjectsInMemoryUnlessToldOtherwise() {
    assertThat(parse("")).isEqualTo(StorageOptions.MEMORY);
    assertThat(parse("--snapshot-file=f").snapshotFile()).isEqualTo(Path.of("f"));
  }

  @Test
  void completesThePortsOfMembers() {
    var cluster =
        parse(
                "--storage-backend=hazelcast --storage-listen=10.0.0.1 "
                    + TLS
                    + " --storage-members=10.0.0.1,store.kube-system:7000")
            .cluster();
    assertThat(cluster.listenAddress()).isEqualTo("10.0.0.1");
    assertThat(cluster.listenPort()).isEqualTo(5701);
    assertThat(cluster.members()).containsExactly("10.0.0.1:5701", "store.kube-system:7000");
    assertThat(cluster.majority()).isEqualTo(2);
    assertThat(cluster.tls().certificate()).isEqualTo(Path.of("c"));
  }

  @Test
  void letsStrangersReachThePortOnlyWhenTold() {
    String open = "--storage-backend=hazelcast --storage-members=a --storage-listen=10.0.0.1:5701";
    refuses(open, "--storage-listen: at 10.0.0.1 anybody");
    assertThat(parse(open + " --storage-insecure-peers").cluster().tls()).isNull();
    assertThat(parse("--storage-backend=hazelcast --storage-members=a").cluster().tls()).isNull();
  }

  @Test
  void saysWhichFlagIsWrong() {
    String cluster = "--storage-backend=hazelcast --storage-members=a ";
    refuses("--storage-backend=etcd3", "--storage-backend: \"etcd3\" is not known");
    refuses("--storage-backend=hazelcast", "--storage-members must name");
    refuses(cluster + "--storage-replicas=8", "--storage-replicas must be between 1 and 7");
    refuses(cluster + "--storage-listen=0.0.0.0:5701", "--storage-listen must be one IPv4");
    refuses(cluster + "--storage-listen=here:5701", "--storage-listen: \"here\" is not an IP");
    refuses(cluster + "--storage-listen=127.0.0.1:0", "--storage-listen: \"127.0.0.1:0\"");
    refuses(
        "--storage-backend=hazelcast --storage-members=a:99999", "--storage-members: \"a:99999\"");
    refuses(cluster + "--storage-peer-cert-file=c", "must be given together");
    refuses("--snapshot-interval=1ms", "--snapshot-interval must be 100ms or longer");
  }

  private static void refuses(String flags, String why) {
    assertThatThrownBy(() -> parse(flags)).hasMessageContaining(why);
  }

  private static StorageOptions parse(String flags) {
    ApiserverCommand command = new ApiserverCommand();
    List<String> arguments =
        new ArrayList<>(List.of("--tls-cert-file=c", "--tls-private-key-file=k"));
    if (!flags.isEmpty()) {
      arguments.addAll(List.of(flags.split(" ")));
    }
    new CommandLine(command).parseArgs(arguments.toArray(String[]::new));
    return command.storage();
  }
}
