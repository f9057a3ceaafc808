# `make` alone lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
MVN ?= mvn
MVN_FLAGS ?= -B -q
JDK_HOME = $(shell services/lab/src/main/dist/bin/jdk-home)
HUBSPOKE := target/hubspoke/bin/hubspoke
CACHE := target/hubspoke/lib/hubspoke.aot
PROXIES := target/hubspoke/lib/hubspoke-proxy.jsa
TRAINED := target/hubspoke/.trained
AUDITED := target/hubspoke/.audited
SOURCES := $(shell find pom.xml .mvn shared services -name target -prune -o -type f -path '*/src/main/*' -print -o -name pom.xml -print)
ARGS ?=
IMAGE ?= hubspoke:dev
# What the image lies on; "scratch" is nothing, and nothing has to be fetched for it.
BASE ?= scratch
IMAGES := services/lab/src/main/image
ARCHIVE := target/image/hubspoke.tar
# Maven's own libraries draw warnings from a JDK this new.
export MAVEN_OPTS := --sun-misc-unsafe-memory-access=allow $(MAVEN_OPTS)

.PHONY: help demo netns-demo up scale test containerd chaos fuzz build image image-check format clean tools runtimes
help: ## what each target does
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## bring a mesh up, measure its routes, print the report (ARGS="--json FILE")
	@$(HUBSPOKE) demo $(ARGS)

netns-demo: $(TRAINED) ## the same between processes in network namespaces; root (ARGS="--json FILE")
	@$(HUBSPOKE) netns-demo $(ARGS)

up: $(TRAINED) ## bring up three nodes in the foreground, kubeconfig in lab/ (ARGS="--nodes N")
	@$(HUBSPOKE) up --dir lab $(ARGS)

scale: $(TRAINED) ## thousands of nodes, and what they cost (NODES=1000, ARGS="--hold 10m")
	@$(HUBSPOKE) scale --nodes $(or $(NODES),1000) $(ARGS)

test: tools runtimes ## everything that proves it works
	@command -v kubectl >/dev/null || { echo "make: kubectl is missing; install it, the tests drive the real one"; exit 1; }
	@rm -rf target/hubspoke
	@JAVA_HOME="$(JDK_HOME)" $(MVN) -B --no-transfer-progress verify
	@touch target/hubspoke/.built
	@$(MAKE) --no-print-directory image-check

containerd: tools runtimes ## the tests that run real containers, alone
	@JAVA_HOME="$(JDK_HOME)" $(MVN) -B --no-transfer-progress test -pl services/kubelet -am \
	  -Dtest='Cri*Test' -Dsurefire.failIfNoSpecifiedTests=false

SECONDS ?= 300
chaos: tools runtimes ## three apiservers over one store lose members for a while (SECONDS=300)
	@JAVA_HOME="$(JDK_HOME)" $(MVN) -B --no-transfer-progress test -pl services/apiserver -am \
	  -Dtest=ChaosTest -Dchaos.seconds=$(SECONDS) -Dsurefire.failIfNoSpecifiedTests=false

# Jazzer can't read the classes of a JDK this new, so they are compiled for an older one.
fuzz: tools ## look for requests that break what reads them (FUZZ_SECONDS=60 each, FUZZ_TARGETS)
	@JAVA_HOME="$(JDK_HOME)" $(MVN) $(MVN_FLAGS) --no-transfer-progress -Pfuzz -Dmaven.compiler.release=23 \
	  -pl services/apiserver,shared/streams,shared/tunnel -am test-compile dependency:build-classpath \
	  -Dmdep.outputFile=target/fuzz.classpath
	@fuzz=$(CURDIR)/shared/testing/src/main/fuzz/fuzz; failed=0; \
	  $$fuzz "$(JDK_HOME)" shared/streams io.hubspoke.streams $(FUZZ_TARGETS) || failed=1; \
	  $$fuzz "$(JDK_HOME)" shared/tunnel io.hubspoke.tunnel $(FUZZ_TARGETS) || failed=1; \
	  $$fuzz "$(JDK_HOME)" services/apiserver io.hubspoke.apiserver.fuzz $(FUZZ_TARGETS) || failed=1; \
	  exit $$failed

build: $(TRAINED) $(AUDITED) ## target/hubspoke/bin/hubspoke

# A real run records which classes and methods a start needs; later starts map them in. Without
# the cache everything works, slower: what went wrong is shown once, not at each build.
$(TRAINED): target/hubspoke/.built
	@echo "training the start-up cache (about 10 s)"
	@lab=$$(mktemp -d) && trap 'rm -rf "$$lab"' EXIT && \
	  HUBSPOKE_TRAIN=1 HUBSPOKE_JAVA_OPTS="-XX:AOTCacheOutput=$(CACHE).new" \
	  $(HUBSPOKE) up --nodes 3 --dir "$$lab/lab" --exit-when-ready >"$$lab/log" 2>&1 \
	  && mv $(CACHE).new $(CACHE) \
	  || { sed 's/^/  /' "$$lab/log"; echo "no start-up cache: starts take longer; 'make clean build' tries again"; }
	@echo "training those of the tunnels' ends (about 30 s)"
	@HUBSPOKE_TRAIN=1 $(HUBSPOKE) bench tunnel --egress ssh,grpc,http-connect --idle 100 --rounds 1 \
	  --warm-up 0 --duration 0.5 --curl 1 >target/hubspoke/.training 2>&1 \
	  || { sed 's/^/  /' target/hubspoke/.training; echo "no start-up cache of the tunnels' ends"; }
	@sed -E '/^#|source:/d; s/ (id|super|interfaces): .*//' $(PROXIES).* | awk '!seen[$$0]++' >target/hubspoke/.classes; \
	  rm -f $(PROXIES).*; \
	  HUBSPOKE_JAVA_OPTS="-Xshare:dump -XX:SharedClassListFile=target/hubspoke/.classes -XX:SharedArchiveFile=$(PROXIES)" \
	  $(HUBSPOKE) proxy-agent >target/hubspoke/.training 2>&1 \
	  || { sed 's/^/  /' target/hubspoke/.training; echo "no archive of the proxies"; }
	@echo "training that of many nodes (about 10 s)"
	@HUBSPOKE_TRAIN=1 $(HUBSPOKE) scale --nodes 20 --pods 20 --hold 1s >target/hubspoke/.training 2>&1 \
	  || { sed 's/^/  /' target/hubspoke/.training; echo "no start-up cache of scale"; }
	@touch $@

# What demo and audit do beside that; nothing else needs it.
$(AUDITED): $(TRAINED)
	@echo "training that of the audit (about 40 s)"
	@HUBSPOKE_TRAIN=1 $(HUBSPOKE) demo >target/hubspoke/.training 2>&1; \
	  [ -f target/hubspoke/lib/hubspoke-demo.aot ] \
	  || { sed 's/^/  /' target/hubspoke/.training; echo "no start-up cache of demo and audit"; }
	@touch $@

target/hubspoke/.built: $(SOURCES) | tools
	@echo "building (the first time fetches libraries)"
	@rm -rf target/hubspoke
	@JAVA_HOME="$(JDK_HOME)" $(MVN) $(MVN_FLAGS) --no-transfer-progress -T 2 package -Dmaven.test.skip=true
	@touch $@

image: $(TRAINED) ## a container image, by docker, podman or buildah (IMAGE=name:tag, BASE=image)
	@BASE="$(BASE)" ARCHIVE="$(ARCHIVE)" $(IMAGES)/build target/hubspoke target/image "$(IMAGE)"

image-check: image runtimes
	@$(IMAGES)/check "$(ARCHIVE)" "$(IMAGE)"

# In another cluster, of containers.
kind-up: ## hubspoke in a kind cluster (OVERLAY=direct, ssh, ...: see README)
kind-demo: ## overlay by overlay in kind: routes and the audit between containers
kind-scale: ## NODES=10 kubelets, each in a container of its own
kind-down: ## away with it
minikube-up: ## and minikube-demo, minikube-scale, minikube-down: the same in minikube
nested-up: ## and nested-demo, -scale, -down: the same with neither, by containerd and hubspoke itself; root
kind-% minikube-%:
	@run="k8s-manifests/run $(firstword $(subst -, ,$@))"; \
	  $$run need && { [ $* = down ] || $(MAKE) --no-print-directory image; } && \
	  OVERLAY="$(OVERLAY)" NODES="$(NODES)" $$run $*

nested-%:
	@nested=k8s-manifests/nested; [ $* = down ] || { $$nested need && $(MAKE) --no-print-directory image; }; \
	  OVERLAY="$(OVERLAY)" NODES="$(NODES)" $$nested $*

format: tools ## format the sources
	@JAVA_HOME="$(JDK_HOME)" $(MVN) $(MVN_FLAGS) spotless:apply

clean: ## remove what was built
	@rm -rf target shared/*/target services/*/target

tools:
	@services/lab/src/main/dist/bin/jdk-home >/dev/null
	@command -v $(MVN) >/dev/null || { echo "make: Apache Maven 3.8 or newer is missing; install it (Debian: apt-get install maven)"; exit 1; }

runtimes:
	@for tool in containerd containerd-shim-runc-v2 ctr runc busybox; do \
	  PATH="$$PATH:/usr/sbin:/sbin" command -v $$tool >/dev/null || { echo "make: $$tool is missing; install it, tests run real containers (Debian: apt-get install containerd runc busybox-static containernetworking-plugins)"; exit 1; }; done
	@for tool in nft ip conntrack; do \
	  PATH="$$PATH:/usr/sbin:/sbin" command -v $$tool >/dev/null || { echo "make: $$tool is missing; install it, tests send packets through the packet filter in networks of their own (Debian: apt-get install nftables iproute2 conntrack)"; exit 1; }; done
	@for tool in sshd ssh; do \
	  PATH="$$PATH:/usr/sbin:/sbin" command -v $$tool >/dev/null || { echo "make: $$tool is missing; install it, tests tunnel through OpenSSH's server and client (Debian: apt-get install openssh-server openssh-client)"; exit 1; }; done
	@[ -x /usr/lib/cni/bridge ] || [ -x /opt/cni/bin/bridge ] || { echo "make: the CNI plugins are missing; install them, tests run real containers (Debian: apt-get install containernetworking-plugins)"; exit 1; }
	@[ "$$(id -u)" = 0 ] || { echo "make: root's rights are missing; tests run real containers and make networks"; exit 1; }
