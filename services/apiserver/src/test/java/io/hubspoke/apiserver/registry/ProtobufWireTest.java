package io.hubspoke.apiserver.registry;

import static io.hubspoke.apiserver.registry.ProtobufClient.ACCEPT;
import static io.hubspoke.apiserver.registry.ProtobufClient.PROTOBUF;
import static io.hubspoke.apiserver.registry.ProtobufClient.envelope;
import static io.hubspoke.apiserver.registry.ProtobufClient.frame;
import static io.hubspoke.apiserver.registry.ProtobufClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import io.hubspoke.apiserver.http.MediaType;
import io.hubspoke.apiserver.registry.ProtobufClient.Answer;
import io.kubernetes.client.proto.Meta.DeleteOptions;
import io.kubernetes.client.proto.Meta.ObjectMeta;
import io.kubernetes.client.proto.Meta.PartialObjectMetadata;
import io.kubernetes.client.proto.Meta.PartialObjectMetadataList;
import io.kubernetes.client.proto.Meta.Status;
import io.kubernetes.client.proto.V1.ConfigMap;
import io.kubernetes.client.proto.V1.ConfigMapList;
import io.kubernetes.client.proto.V1.Container;
import io.kubernetes.client.proto.V1.Pod;
import io.kubernetes.client.proto.V1.PodSpec;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Objects over the wire in protobuf, written and read by another client's classes. */
class ProtobufWireTest extends RegistryTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String PODS = "/api/v1/namespaces/default/pods";

  private HttpClient http;
  private ProtobufClient client;

  @BeforeEach
  void connect() {
    http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    client = new ProtobufClient(http, server::uri);
  }

  @AfterEach
  void disconnect() {
    http.shutdownNow();
  }

  @Test
  void createsGetsUpdatesAndDeletes() throws Exception {
    Answer created = post(PODS, "Pod", pod("p"));
    assertThat(created.code()).isEqualTo(201);
    Pod pod = Pod.parseFrom(created.raw());
    assertThat(created.envelope().getTypeMeta().getKind()).isEqualTo("Pod");
    assertThat(pod.getSpec().getRestartPolicy()).as("defaulted").isEqualTo("Always");
    assertThat(pod.getMetadata().getUid()).isNotEmpty();
    assertThat(pod.getMetadata().getCreationTimestamp().getSeconds()).isPositive();

    assertThat(Pod.parseFrom(client.get(PODS + "/p").raw())).isEqualTo(pod);
    assertThat(server.get(PODS + "/p").body().at("/spec/containers/0/image").asText())
        .as("the same in JSON")
        .isEqualTo("i:1");

    Pod changed =
        pod.toBuilder()
            .setSpec(
                pod.getSpec().toBuilder()
                    .setContainers(0, pod.getSpec().getContainers(0).toBuilder().setImage("i:2")))
            .build();
    Answer updated = client.send("PUT", PODS + "/p", envelope("v1", "Pod", changed), ACCEPT);
    assertThat(Pod.parseFrom(updated.raw()).getSpec().getContainers(0).getImage()).isEqualTo("i:2");

    byte[] options =
        envelope(
            "v1", "DeleteOptions", DeleteOptions.newBuilder().setGracePeriodSeconds(0).build());
    Answer deleted = client.send("DELETE", PODS + "/p", options, ACCEPT);
    assertThat(deleted.code()).isEqualTo(200);
    assertThat(Pod.parseFrom(deleted.raw()).getMetadata().getName()).isEqualTo("p");
  }

  @Test
  void errorsAreStatuses() throws Exception {
    Answer missing = client.get(MAPS + "/none");
    assertThat(missing.code()).isEqualTo(404);
    Status status = Status.parseFrom(missing.raw());
    assertThat(missing.envelope().getTypeMeta().getKind()).isEqualTo("Status");
    assertThat(status.getMessage()).isEqualTo("configmaps \"none\" not found");
    assertThat(status.getReason()).isEqualTo("NotFound");
    assertThat(status.getDetails().getName()).isEqualTo("none");
    assertThat(status.getCode()).isEqualTo(404);

    byte[] cut = {'k', '8', 's', 0, 10, 100};
    Answer malformed = client.send("POST", MAPS, cut, ACCEPT);
    assertThat(malformed.code()).isEqualTo(400);
    assertThat(Status.parseFrom(malformed.raw()).getMessage()).isEqualTo("proto: unexpected EOF");

    Answer wrongKind = client.send("POST", MAPS, envelope("v1", "Pod", pod("p")), ACCEPT);
    assertThat(wrongKind.code()).isEqualTo(400);
  }

  @Test
  void listsInPiecesWhatFillsMany() throws Exception {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < 150; i++) {
      names.add("m" + i);
      var map =
          ConfigMap.newBuilder()
              .setMetadata(ObjectMeta.newBuilder().setName("m" + i))
              .putData("key", "x".repeat(1_000 + i))
              .build();
      assertThat(post(MAPS, "ConfigMap", map).code()).isEqualTo(201);
    }
    Answer answer = client.get(MAPS);
    ConfigMapList list = ConfigMapList.parseFrom(answer.raw());
    assertThat(answer.envelope().getTypeMeta().getKind()).isEqualTo("ConfigMapList");
    assertThat(list.getItemsList()).extracting(m -> m.getMetadata().getName()).hasSize(150);
    assertThat(list.getItemsList())
        .allSatisfy(
            map -> {
              assertThat(names.remove(map.getMetadata().getName())).isTrue();
              assertThat(map.getMetadata().getResourceVersion()).isNotEmpty();
              assertThat(map.getDataOrThrow("key")).startsWith("xxx");
            });
    assertThat(list.getMetadata().getResourceVersion())
        .isEqualTo(server.get(MAPS).body().at("/metadata/resourceVersion").asText());

    ConfigMapList page = ConfigMapList.parseFrom(client.get(MAPS + "?limit=2").raw());
    assertThat(page.getItemsCount()).isEqualTo(2);
    assertThat(page.getMetadata().getContinue()).isNotEmpty();
    assertThat(page.getMetadata().getRemainingItemCount()).isEqualTo(148);
    ConfigMapList none = ConfigMapList.parseFrom(client.get(MAPS + "?labelSelector=a%3Db").raw());
    assertThat(none.getItemsCount()).isZero();
  }

  @Test
  void watchesInFrames() throws Exception {
    post(PODS, "Pod", pod("before"));
    var watch =
        client.watch(
            PODS
                + "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true"
                + "&resourceVersionMatch=NotOlderThan",
            "application/vnd.kubernetes.protobuf;stream=watch,application/json;stream=watch");
    assertThat(watch.headers().firstValue("Content-Type"))
        .contains("application/vnd.kubernetes.protobuf;stream=watch");
    try (InputStream events = watch.body()) {
      var added = frame(events);
      assertThat(added.getType()).isEqualTo("ADDED");
      assertThat(object(added).getTypeMeta().getKind()).isEqualTo("Pod");
      assertThat(Pod.parseFrom(object(added).getRaw()).getMetadata().getName()).isEqualTo("before");
      var bookmark = frame(events);
      assertThat(bookmark.getType()).isEqualTo("BOOKMARK");
      ObjectMeta mark = Pod.parseFrom(object(bookmark).getRaw()).getMetadata();
      assertThat(mark.getAnnotationsMap()).containsEntry("k8s.io/initial-events-end", "true");
      assertThat(mark.getResourceVersion()).isNotEmpty();

      post(PODS, "Pod", pod("after"));
      var next = frame(events);
      assertThat(next.getType()).isEqualTo("ADDED");
      assertThat(Pod.parseFrom(object(next).getRaw()))
          .isEqualTo(Pod.parseFrom(client.get(PODS + "/after").raw()));
    }
  }

  @Test
  void aWatchThatCannotGoOnSaysWhyInAFrame() throws Exception {
    var failed = new WatchEvent.Failed(io.hubspoke.api.Status.expired("too old"));
    byte[] bytes = failed.encode(MediaType.PROTOBUF).getBytes();
    var event = frame(new ByteArrayInputStream(bytes));
    assertThat(event.getType()).isEqualTo("ERROR");
    assertThat(object(event).getTypeMeta().getKind()).isEqualTo("Status");
    assertThat(Status.parseFrom(object(event).getRaw()).getCode()).isEqualTo(410);
  }

  @Test
  void metadataAloneIsWhatMetadataInformersAskFor() throws Exception {
    post(PODS, "Pod", pod("p"));
    String as = PROTOBUF + ";as=%s;v=v1;g=meta.k8s.io,application/json;as=%s;v=v1;g=meta.k8s.io";
    Answer one = client.send("GET", PODS + "/p", null, as.replace("%s", "PartialObjectMetadata"));
    assertThat(one.envelope().getTypeMeta().getApiVersion()).isEqualTo("meta.k8s.io/v1");
    assertThat(PartialObjectMetadata.parseFrom(one.raw()).getMetadata().getName()).isEqualTo("p");
    Answer all = client.send("GET", PODS, null, as.replace("%s", "PartialObjectMetadataList"));
    assertThat(PartialObjectMetadataList.parseFrom(all.raw()).getItems(0).getMetadata().getUid())
        .isNotEmpty();
    var watch = client.watch(PODS + "?watch=1", as.replace("%s", "PartialObjectMetadata"));
    try (InputStream events = watch.body()) {
      var added = frame(events);
      assertThat(object(added).getTypeMeta().getKind()).isEqualTo("PartialObjectMetadata");
      assertThat(PartialObjectMetadata.parseFrom(object(added).getRaw()).getMetadata().getName())
          .isEqualTo("p");
    }
  }

  @Test
  void whatIsPreferredAndCanBeSentIsSent() throws Exception {
    post(PODS, "Pod", pod("p"));
    String json = "application/json";
    assertThat(form("application/json,application/vnd.kubernetes.protobuf")).isEqualTo(json);
    assertThat(form(ACCEPT)).isEqualTo(PROTOBUF);
    assertThat(form("application/json;q=0.5, application/vnd.kubernetes.protobuf;q=0.9"))
        .isEqualTo(PROTOBUF);
    assertThat(form("application/vnd.kubernetes.protobuf;q=0,*/*;q=0.1")).isEqualTo(json);
    assertThat(form("*/*")).isEqualTo(json);
    assertThat(form("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,*/*"))
        .as("tables are JSON")
        .isEqualTo(json);
    Answer refused = client.send("GET", PODS + "/p", null, "text/html, application/xml;q=0.9");
    assertThat(refused.code()).isEqualTo(406);
    assertThat(new String(refused.response().body(), java.nio.charset.StandardCharsets.UTF_8))
        .contains(
            "only the following media types are accepted: application/json,"
                + " application/vnd.kubernetes.protobuf")
        .contains("NotAcceptable");
  }

  private String form(String accept) throws Exception {
    Answer answer = client.send("GET", PODS + "/p", null, accept);
    assertThat(answer.code()).isEqualTo(200);
    return answer.contentType();
  }

  private Answer post(String path, String kind, com.google.protobuf.Message message)
      throws Exception {
    return client.send("POST", path, envelope("v1", kind, message), ACCEPT);
  }

  private static Pod pod(String name) {
    return Pod.newBuilder()
        .setMetadata(ObjectMeta.newBuilder().setName(name))
        .setSpec(
            PodSpec.newBuilder().addContainers(Container.newBuilder().setName("c").setImage("i:1")))
        .build();
  }
}
