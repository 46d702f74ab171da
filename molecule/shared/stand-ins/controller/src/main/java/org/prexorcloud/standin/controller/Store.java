// Copyright (c) 2026, The founders of prexorcloud.production
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
package org.prexorcloud.standin.controller;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.MongoDatabase;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.IndexOptions;
import com.mongodb.client.model.Indexes;
import com.mongodb.client.model.ReplaceOptions;
import com.mongodb.client.model.Sorts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bson.Document;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** MongoDB: users, roles, nodes and the audit log, through the real driver with its 30 s server selection. */
final class Store {
    private static final Logger LOG = LoggerFactory.getLogger("MongoStateStore");
    private final MongoClient client;
    private final MongoDatabase database;

    Store(DatabaseConfig config, int auditRetentionDays) {
        client = MongoClients.create(config.uri());
        try {
            database = client.getDatabase(config.database());
            database.runCommand(new Document("ping", 1));
            audit().createIndex(Indexes.ascending("createdAt"),
                    new IndexOptions().expireAfter((long) auditRetentionDays, TimeUnit.DAYS));
        } catch (RuntimeException e) {
            client.close();
            throw e;
        }
        LOG.info("MongoDB state store initialized (database: {})", config.database());
    }

    MongoCollection<Document> users() {
        return database.getCollection("users");
    }

    MongoCollection<Document> roles() {
        return database.getCollection("roles");
    }

    MongoCollection<Document> nodes() {
        return database.getCollection("nodes");
    }

    MongoCollection<Document> audit() {
        return database.getCollection("audit_log");
    }

    boolean ping() {
        database.runCommand(new Document("ping", 1));
        return true;
    }

    static Document find(MongoCollection<Document> collection, String id) {
        return collection.find(Filters.eq("_id", id)).first();
    }

    static List<Document> all(MongoCollection<Document> collection, String order) {
        return collection.find().sort(Sorts.ascending(order)).into(new ArrayList<>());
    }

    static void put(MongoCollection<Document> collection, Document document) {
        collection.replaceOne(
                Filters.eq("_id", document.get("_id")), document, new ReplaceOptions().upsert(true));
    }

    static boolean remove(MongoCollection<Document> collection, String id) {
        return collection.deleteOne(Filters.eq("_id", id)).getDeletedCount() > 0;
    }

    void close() {
        client.close();
    }
}
