package io.hubspoke.apiserver.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EgressSelectorReaderTest {
  @TempDir Path dir;

  @Test
  void readsEveryKindOfConnection() throws Exception {
    Path key = Files.createFile(dir.resolve("key"));
    assertThat(
            read(
                    "apiserver.k8s.io/v1beta1",
                    """
                    - {name: Cluster, connection: {proxyProtocol: GRPC,
                       transport: {uds: {udsName: /run/k.socket}}}}
                    - {name: controlplane, connection: {proxyProtocol: Direct}}
                    - {name: etcd, connection: {proxyProtocol: HTTPConnect, transport: {tcp: {
                       url: "https://[::1]:8131", tlsConfig: {clientKey: KEY, clientCert: KEY}}}}}
                    """)
                .selections())
        .isEqualTo(
            Map.of(
                EgressType.CLUSTER,
                new EgressConnection.Grpc(new EgressConnection.Uds(Path.of("/run/k.socket"))),
                EgressType.CONTROL_PLANE,
                new EgressConnection.Direct(),
                EgressType.ETCD,
                new EgressConnection.HttpConnect(
                    new EgressConnection.Tcp(
                        "::1", 8131, new EgressConnection.TlsFiles(null, key, key)))));
  }

  @ParameterizedTest
  @CsvSource({"apiserver.k8s.io/v1beta1", "apiserver.k8s.io/v1alpha1"})
  void masterIsTheOldNameOfControlplane(String version) throws Exception {
    assertThat(read(version, "- {name: master, connection: {proxyProtocol: Direct}}").selections())
        .containsOnlyKeys(EgressType.CONTROL_PLANE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{name: cluster, connection: {proxyProtocol: Direct, transport: {uds: {udsName: x}}}}|"
            + "service.connection.transport: Invalid value: \"direct\": Transport config should be"
            + " absent for direct connect",
        "{name: cluster, connection: {proxyProtocol: http}}|service.connection.protocol:"
            + " Unsupported value: \"http\": supported values: \"Direct\", \"HTTPConnect\","
            + " \"GRPC\"",
        "{name: cluster, connection: {proxyProtocol: GRPC}}|service.connection.transport: Required"
            + " value: transport must be set for GRPC",
        "{name: cluster, connection: {proxyProtocol: GRPC, transport: {tcp: {url: 'http://h:1'}}}}|"
            + "service.connection.uds: Required value: UDS must be set with GRPC",
        "{name: cluster, connection: {proxyProtocol: HTTPConnect, transport: {}}}|"
            + "service.connection.tcp: Required value: One of TCP or UDS must be set",
        "{name: cluster, connection: {proxyProtocol: HTTPConnect, transport: {tcp: {url: 'http://h:1'},"
            + " uds: {udsName: x}}}}|service.connection.tcp: Invalid value: \"http://h:1\": TCP and"
            + " UDS cannot both be set",
        "{name: cluster, connection: {proxyProtocol: HTTPConnect, transport: {uds: {}}}}|"
            + "service.connection.udsName: Invalid value: \"nil\": UDSName should be present for"
            + " UDS connections",
        "{name: cluster, connection: {proxyProtocol: HTTPConnect, transport: {tcp: {url: 'ftp://h:1'}}}}|"
            + "service.connection.url: Invalid value: \"ftp://h:1\": supported connection protocols"
            + " are http:// and https://",
        "{name: cluster, connection: {proxyProtocol: HTTPConnect, transport: {tcp: {url: 'https://h:1'}}}}|"
            + "service.connection.tlsConfig: Required value: TLSConfig must be present when using"
            + " HTTPS",
        "{name: cluster, connection: {proxyProtocol: HTTPConnect, transport: {tcp: {url:"
            + " 'https://h:1', tlsConfig: {clientCert: /none}}}}}|"
            + "[service.connection.tlsConfig.clientCert: Invalid value: \"/none\": TLS client cert"
            + " does not exist, service.connection.tlsConfig.clientKey: Invalid value: \"nil\":"
            + " Using TLS requires requires clientKey]",
        "{name: cluster, connection: {proxyProtocol: HTTPConnect, transport: {tcp: {url: 'http://h'}}}}|"
            + "service.connection.url: Invalid value: \"http://h\": must name a host and a port",
        "{name: nodes, connection: {proxyProtocol: Direct}}|service.connection: Unsupported value:"
            + " \"nodes\": supported values: \"cluster\", \"controlplane\", \"etcd\""
      })
  void whatIsWrongIsSaidAsTheRealApiserverSaysIt(String selection, String message) {
    assertThatThrownBy(() -> read("apiserver.k8s.io/v1beta1", "- " + selection))
        .hasMessage("failed to validate egress selector configuration: " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "apiserver.k8s.io/v1|[]|no kind \"EgressSelectorConfiguration\" is registered for version"
            + " \"apiserver.k8s.io/v1\", expected EgressSelectorConfiguration of"
            + " apiserver.k8s.io/v1beta1",
        "apiserver.k8s.io/v1beta1|[{nam: cluster}]|strict decoding error: unknown field"
            + " \"egressSelections[0].nam\"",
        "apiserver.k8s.io/v1beta1|[{name: 5}]|egressSelections[0].name: expected a string",
        "apiserver.k8s.io/v1beta1|{}|egressSelections: expected a list",
        "apiserver.k8s.io/v1beta1|[{name: etcd, connection: {proxyProtocol: Direct}},"
            + " {name: ETCD, connection: {proxyProtocol: Direct}}]|failed to validate egress"
            + " selector configuration: service.connection[1]: Duplicate value: \"etcd\"",
        "apiserver.k8s.io/v1beta1|[{name: etcd, name: etcd}]|key"
            + " \"egressSelections[0].name\" already set in map"
      })
  void whatIsNotKnownIsAnError(String version, String selections, String message) {
    assertThatThrownBy(() -> read(version, selections)).hasMessageContaining(message);
  }

  private EgressSelectorConfiguration read(String version, String selections) throws Exception {
    Path file = dir.resolve("egress.yaml");
    Files.writeString(
        file,
        "apiVersion: "
            + version
            + "\nkind: EgressSelectorConfiguration\negressSelections:\n"
            + selections.replace("KEY", dir.resolve("key").toString()).indent(1));
    return EgressSelectorConfiguration.read(file);
  }
}
