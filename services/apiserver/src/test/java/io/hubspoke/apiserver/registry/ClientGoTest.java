package io.hubspoke.apiserver.registry;

import static io.hubspoke.apiserver.registry.ProtobufClient.ACCEPT;
import static io.hubspoke.apiserver.registry.ProtobufClient.envelope;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.hubspoke.apiserver.TestApiserver;
import io.hubspoke.apiserver.registry.ProtobufClient.Answer;
import io.kubernetes.client.proto.Meta.LabelSelector;
import io.kubernetes.client.proto.Meta.ObjectMeta;
import io.kubernetes.client.proto.Meta.Status;
import io.kubernetes.client.proto.V1.Binding;
import io.kubernetes.client.proto.V1.Container;
import io.kubernetes.client.proto.V1.Namespace;
import io.kubernetes.client.proto.V1.ObjectReference;
import io.kubernetes.client.proto.V1.Pod;
import io.kubernetes.client.proto.V1.PodSpec;
import io.kubernetes.client.proto.V1.PodTemplateSpec;
import io.kubernetes.client.proto.V1Apps.Deployment;
import io.kubernetes.client.proto.V1Apps.DeploymentSpec;
import io.kubernetes.client.proto.V1Authorization.ResourceAttributes;
import io.kubernetes.client.proto.V1Authorization.SelfSubjectAccessReview;
import io.kubernetes.client.proto.V1Authorization.SelfSubjectAccessReviewSpec;
import io.kubernetes.client.proto.V1Autoscaling.Scale;
import io.kubernetes.client.proto.V1Autoscaling.ScaleSpec;
import io.kubernetes.client.proto.V1Policy.Eviction;
import java.net.URI;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole apiserver, asked as programs built on client-go ask: everything in protobuf. */
class ClientGoTest {
  private static final String DEFAULT = "/api/v1/namespaces/default";

  @TempDir static Path dir;
  private static TestApiserver apiserver;
  private static ProtobufClient client;

  @BeforeAll
  static void start() throws Exception {
    apiserver = new TestApiserver(dir, options -> options);
    var admin = apiserver.admin();
    client = new ProtobufClient(admin.http(), path -> URI.create(admin.server() + path));
  }

  @AfterAll
  static void stop() {
    apiserver.close();
  }

  @Test
  void reviewsAreAnsweredInProtobuf() throws Exception {
    var review =
        SelfSubjectAccessReview.newBuilder()
            .setSpec(
                SelfSubjectAccessReviewSpec.newBuilder()
                    .setResourceAttributes(
                        ResourceAttributes.newBuilder().setVerb("get").setResource("pods")))
            .build();
    Answer answer =
        post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            "authorization.k8s.io/v1",
            review);
    assertThat(answer.code()).isEqualTo(201);
    assertThat(SelfSubjectAccessReview.parseFrom(answer.raw()).getStatus().getAllowed()).isTrue();
  }

  @Test
  void podsAreBoundAndEvicted() throws Exception {
    Pod pod = Pod.newBuilder().setMetadata(named("p")).setSpec(containers()).build();
    assertThat(post(DEFAULT + "/pods", "v1", pod).code()).isEqualTo(201);
    Binding binding =
        Binding.newBuilder()
            .setMetadata(named("p"))
            .setTarget(ObjectReference.newBuilder().setKind("Node").setName("n"))
            .build();
    Answer bound = post(DEFAULT + "/pods/p/binding", "v1", binding);
    assertThat(bound.code()).isEqualTo(201);
    assertThat(Status.parseFrom(bound.raw()).getStatus()).isEqualTo("Success");
    assertThat(Pod.parseFrom(client.get(DEFAULT + "/pods/p").raw()).getSpec().getNodeName())
        .isEqualTo("n");
    Eviction eviction = Eviction.newBuilder().setMetadata(named("p")).build();
    Answer evicted = post(DEFAULT + "/pods/p/eviction", "policy/v1", eviction);
    assertThat(evicted.code()).isEqualTo(201);
    assertThat(
            Pod.parseFrom(client.get(DEFAULT + "/pods/p").raw())
                .getMetadata()
                .hasDeletionTimestamp())
        .isTrue();
  }

  @Test
  void deploymentsAreScaled() throws Exception {
    var selector = LabelSelector.newBuilder().putMatchLabels("app", "a");
    var template =
        PodTemplateSpec.newBuilder()
            .setMetadata(ObjectMeta.newBuilder().putLabels("app", "a"))
            .setSpec(containers());
    Deployment deployment =
        Deployment.newBuilder()
            .setMetadata(named("d"))
            .setSpec(DeploymentSpec.newBuilder().setSelector(selector).setTemplate(template))
            .build();
    String path = "/apis/apps/v1/namespaces/default/deployments";
    Answer created = post(path, "apps/v1", deployment);
    assertThat(created.code()).isEqualTo(201);
    assertThat(Deployment.parseFrom(created.raw()).getSpec().getReplicas())
        .as("defaulted")
        .isEqualTo(1);
    Scale scale =
        Scale.newBuilder()
            .setMetadata(named("d").setNamespace("default"))
            .setSpec(ScaleSpec.newBuilder().setReplicas(3))
            .build();
    byte[] body = envelope("autoscaling/v1", "Scale", scale);
    Answer scaled = client.send("PUT", path + "/d/scale", body, ACCEPT);
    assertThat(scaled.code()).isEqualTo(200);
    assertThat(scaled.envelope().getTypeMeta().getApiVersion()).isEqualTo("autoscaling/v1");
    assertThat(Scale.parseFrom(scaled.raw()).getSpec().getReplicas()).isEqualTo(3);
    assertThat(Deployment.parseFrom(client.get(path + "/d").raw()).getSpec().getReplicas())
        .isEqualTo(3);
  }

  @Test
  void refusalsOfTheChainAreStatusesInProtobuf() throws Exception {
    var nobody = apiserver.client("somebody", "some:group");
    var other = new ProtobufClient(nobody.http(), path -> URI.create(nobody.server() + path));
    Answer refused = other.get(DEFAULT + "/secrets");
    assertThat(refused.code()).isEqualTo(403);
    assertThat(Status.parseFrom(refused.raw()).getReason()).isEqualTo("Forbidden");
    Answer invalid = post("/api/v1/namespaces", "v1", Namespace.getDefaultInstance());
    assertThat(invalid.code()).isEqualTo(422);
    assertThat(Status.parseFrom(invalid.raw()).getDetails().getCauses(0).getField())
        .isEqualTo("metadata.name");
  }

  private static Answer post(String path, String apiVersion, Message object) throws Exception {
    String kind = object.getDescriptorForType().getName();
    return client.send("POST", path, envelope(apiVersion, kind, object), ACCEPT);
  }

  private static ObjectMeta.Builder named(String name) {
    return ObjectMeta.newBuilder().setName(name);
  }

  private static PodSpec containers() {
    return PodSpec.newBuilder()
        .addContainers(Container.newBuilder().setName("c").setImage("i"))
        .build();
  }
}
