/*
 * milvus1.h - What does the registry need to know of Milvus 1.x?
 */
#ifndef MILVUS1_H
#define MILVUS1_H

#include "connector.h"

extern const MfConnector mf_milvus1_connector;

#endif							/* MILVUS1_H */
