package io.hubspoke.client;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.hubspoke.api.Json;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CommonPartsTest {
  @Test
  void podsOfATemplateShareWhatTheyHaveInCommonAndSayTheSameAsBefore() {
    var one = Item.of(pod(1), Pod.class).object();
    var other = Item.of(pod(2), Pod.class).object();

    assertThat(Json.tree(other)).isEqualTo(Json.tree(Json.convert(pod(2), Pod.class)));
    assertThat(one.getSpec().getTolerations()).isSameAs(other.getSpec().getTolerations());
    assertThat(one.getMetadata().getLabels()).isSameAs(other.getMetadata().getLabels());
    assertThat(one.getSpec().getContainers()).isNotSameAs(other.getSpec().getContainers());
    assertThat(one.getSpec().getContainers().getFirst().getResources())
        .isSameAs(other.getSpec().getContainers().getFirst().getResources());
    assertThat(one.getAdditionalProperties()).isSameAs(other.getAdditionalProperties());
  }

  private static ObjectNode pod(int number) {
    return Json.parseObject(
        """
        {"apiVersion":"v1","kind":"Pod",
         "metadata":{"labels":{"app":"web"},"name":"web-%1$d","namespace":"shop"},
         "spec":{
           "containers":[{"image":"web","name":"web",
             "resources":{"requests":{"cpu":"10m"}},
             "volumeMounts":[{"mountPath":"/x","name":"token-%1$d"}]}],
           "tolerations":[{"effect":"NoExecute","key":"k","tolerationSeconds":300}]}}
        """
            .formatted(number)
            .getBytes(StandardCharsets.UTF_8));
  }
}
