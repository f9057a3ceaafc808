package io.hubspoke.controllermanager.workloads;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.hubspoke.api.LabelSelector;

/** What has pods of a template whose former states are kept. */
public interface Templated<O extends HasMetadata> {
  /** As the informer has it. */
  O object();

  LabelSelector selector();

  ObjectNode template();

  int revisionHistoryLimit();

  /** How often the name of a revision was taken. */
  int collisionCount();
}
