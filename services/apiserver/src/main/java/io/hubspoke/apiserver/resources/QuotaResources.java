package io.hubspoke.apiserver.resources;

import static io.hubspoke.apiserver.resources.TypeBuilder.type;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.hubspoke.api.Meta;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** The core group's limits and quotas. */
public final class QuotaResources {
  public static final Resource LIMIT_RANGES =
      type("", "LimitRange", "limitranges", true)
          .alias("limits")
          .with(new LimitRangeStrategy(), limitRanges());
  public static final Resource RESOURCE_QUOTAS =
      type("", "ResourceQuota", "resourcequotas", true)
          .alias("quota")
          .sub("status")
          .with(new ResourceQuotaStrategy(), resourceQuotas());

  static final List<Resource> ALL = List.of(LIMIT_RANGES, RESOURCE_QUOTAS);

  private QuotaResources() {}

  private static TableColumns limitRanges() {
    return ColumnList.named()
        .text("Created At", "When it was created.", o -> Meta.text(o, "creationTimestamp"));
  }

  private static TableColumns resourceQuotas() {
    return ColumnList.named()
        .text("Request", "What may be requested, and is.", o -> amounts(o, false))
        .text("Limit", "How high limits may add up, and do.", o -> amounts(o, true))
        .age();
  }

  private static String amounts(ObjectNode quota, boolean limits) {
    JsonNode used = quota.path("status").path("used");
    List<String> all = new ArrayList<>();
    TreeMap<String, String> hard = new TreeMap<>();
    quota
        .path("status")
        .path("hard")
        .properties()
        .forEach(e -> hard.put(e.getKey(), e.getValue().asText()));
    hard.forEach(
        (name, most) -> {
          if (name.startsWith("limits.") == limits) {
            all.add(name + ": " + used.path(name).asText("0") + "/" + most);
          }
        });
    return String.join(", ", all);
  }
}
